// Threads of our own, lanes that bound how many of them one owner may hold, and the jobs that run on them.
//
// A thread may hang in a system call for ever (a dying disk, a lost server). So threads are detached and never
// joined, there is always another one for another lane, and whatever a job uses it owns.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

// A piece of work. Destroyed on the thread that receives it when it has run.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;
  // Instead of run(): no thread could be had for it.
  virtual void refuse(int error) = 0;
};

// Where finished jobs go. Called on any thread.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void receive(std::unique_ptr<Job> job) = 0;
};

class Lane;

// Threads made when there is work and no idle one, gone after some idle seconds.
class Threads : public std::enable_shared_from_this<Threads> {
 public:
  static constexpr size_t kLargestCount = 1024;
  static constexpr int kIdleSeconds = 5;
  static constexpr size_t kStackBytes = 512 * 1024;

  explicit Threads(std::shared_ptr<Receiver> receiver) : receiver_(std::move(receiver)) {}
  // Lets a thread serve `lane` until its queue is empty. A positive errno if no thread can be had.
  int serve(std::shared_ptr<Lane> lane);
  Receiver& receiver() { return *receiver_; }

 private:
  static void* enter(void* self);
  void loop();
  int startThread();

  std::shared_ptr<Receiver> receiver_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Lane>> waiting_;
  size_t count_ = 0;
  size_t idle_ = 0;
};

// A queue whose jobs run in order of arrival, at most `limit` at once.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  Lane(std::shared_ptr<Threads> threads, size_t limit) : threads_(std::move(threads)), limit_(limit) {}
  void submit(std::unique_ptr<Job> job);
  // Forgets what waits; what runs is destroyed by its thread when it ends, unreceived.
  void abandon();
  // Jobs look at this between two system calls.
  const std::atomic<bool>& abandoned() const { return abandoned_; }
  // Runs jobs until none waits. Called by a thread.
  void drain();

 private:
  std::unique_ptr<Job> next();
  void finish(std::unique_ptr<Job> job);

  std::shared_ptr<Threads> threads_;
  const size_t limit_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Job>> waiting_;
  size_t running_ = 0;
  std::atomic<bool> abandoned_{false};
};
