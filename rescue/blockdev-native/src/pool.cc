#include "pool.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <pthread.h>

int Threads::serve(std::shared_ptr<Lane> lane) {
  const std::lock_guard<std::mutex> guard(mutex_);
  // An idle thread that has been woken for an earlier lane is still counted as idle until it takes it.
  if (idle_ <= waiting_.size()) {
    const int error = startThread();
    if (error != 0) return error;
  }
  waiting_.push_back(std::move(lane));
  wake_.notify_one();
  return 0;
}

int Threads::startThread() {
  if (count_ >= kLargestCount) return EAGAIN;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // Signals belong to the main thread: the new one inherits a mask that blocks them all.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto* self = new std::shared_ptr<Threads>(shared_from_this());
  pthread_t thread;
  error = pthread_create(&thread, &attributes, enter, self);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    delete self;
    return error;
  }
  count_++;
  idle_++;
  return 0;
}

void* Threads::enter(void* self) {
  const std::unique_ptr<std::shared_ptr<Threads>> threads(static_cast<std::shared_ptr<Threads>*>(self));
  pthread_setname_np(pthread_self(), "permafrost-io");
  (*threads)->loop();
  return nullptr;
}

void Threads::loop() {
  std::unique_lock<std::mutex> guard(mutex_);
  for (;;) {
    const bool woken =
        wake_.wait_for(guard, std::chrono::seconds(kIdleSeconds), [this] { return !waiting_.empty(); });
    if (!woken) break;
    std::shared_ptr<Lane> lane = std::move(waiting_.front());
    waiting_.pop_front();
    idle_--;
    guard.unlock();
    lane->drain();
    lane.reset();
    guard.lock();
    idle_++;
  }
  idle_--;
  count_--;
}

void Lane::submit(std::unique_ptr<Job> job) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    waiting_.push_back(std::move(job));
    if (running_ >= limit_) return;
    running_++;
  }
  const int error = threads_->serve(shared_from_this());
  if (error == 0) return;
  std::unique_ptr<Job> refused;
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    running_--;
    // Threads that serve the lane already will come to the job; otherwise nobody would.
    if (running_ > 0 || waiting_.empty()) return;
    refused = std::move(waiting_.back());
    waiting_.pop_back();
  }
  refused->refuse(error);
  finish(std::move(refused));
}

void Lane::abandon() {
  abandoned_.store(true);
  std::deque<std::unique_ptr<Job>> forgotten;
  const std::lock_guard<std::mutex> guard(mutex_);
  forgotten.swap(waiting_);
}

void Lane::drain() {
  while (std::unique_ptr<Job> job = next()) {
    job->run();
    finish(std::move(job));
  }
}

std::unique_ptr<Job> Lane::next() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (waiting_.empty()) {
    running_--;
    return nullptr;
  }
  std::unique_ptr<Job> job = std::move(waiting_.front());
  waiting_.pop_front();
  return job;
}

void Lane::finish(std::unique_ptr<Job> job) {
  if (!abandoned_.load()) threads_->receiver().receive(std::move(job));
}
