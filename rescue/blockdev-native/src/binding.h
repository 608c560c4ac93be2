// What the binding files share: arguments, handles, and promises that a job on a lane settles.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_api.h>

#include "buffer.h"
#include "pool.h"

constexpr uint64_t kLargestSafeInteger = (uint64_t{1} << 53) - 1;

// A job that also knows how to become a JavaScript value.
class Call : public Job {
 public:
  uint64_t id = 0;
  Failure failure;
  // On the JavaScript thread, after a success. nullptr if it threw.
  virtual napi_value convert(napi_env env) = 0;
  void refuse(int error) override { failure = Failure{error, "pthread_create"}; }
};

template <class Result, class Work, class Convert>
class TypedCall final : public Call {
 public:
  TypedCall(Work work, Convert convert) : work_(std::move(work)), convert_(std::move(convert)) {}
  void run() override {
    try {
      failure = work_(result_);
    } catch (const std::bad_alloc&) {
      failure = Failure{ENOMEM, "malloc"};
    }
  }
  napi_value convert(napi_env env) override { return convert_(env, result_); }

 private:
  Work work_;
  Convert convert_;
  Result result_{};
};

// Finished calls on their way to the JavaScript thread. Outlives the environment: late threads find it closed.
class Completions final : public Receiver {
 public:
  void open(napi_threadsafe_function wake) { wake_ = wake; }
  void close();
  void receive(std::unique_ptr<Job> job) override;
  std::vector<std::unique_ptr<Call>> take();

 private:
  std::mutex mutex_;
  napi_threadsafe_function wake_ = nullptr;
  std::vector<std::unique_ptr<Call>> done_;
};

// One per environment (main thread or worker_thread). Used on its JavaScript thread only.
class Addon {
 public:
  static Addon* of(napi_env env);
  explicit Addon(napi_env env);
  bool start();

  std::shared_ptr<Lane> makeLane(size_t limit) const { return std::make_shared<Lane>(threads_, limit); }
  Lane& openLane() { return *openLane_; }
  // A promise for what `call` becomes; nullptr if it cannot be made.
  napi_value submit(Lane& lane, std::unique_ptr<Call> call);
  // Rejects everything of the lane with ECANCELED at once.
  void abandon(Lane& lane);

 private:
  struct Pending {
    napi_deferred deferred;
    std::shared_ptr<Lane> lane;
  };
  static void onWake(napi_env env, napi_value callback, void* context, void* data);
  static void onCleanup(void* self);
  void settle(Call& call);
  void holdProcess(bool hold);

  napi_env env_;
  std::shared_ptr<Completions> completions_;
  std::shared_ptr<Threads> threads_;
  std::shared_ptr<Lane> openLane_;
  napi_threadsafe_function wake_ = nullptr;
  std::unordered_map<uint64_t, Pending> pending_;
  uint64_t lastId_ = 0;
};

// Runs `work(Result&) -> Failure` on the lane; the promise resolves to `convert(env, Result&)`.
template <class Result, class Work, class Convert>
napi_value start(napi_env env, Lane& lane, Work work, Convert convert) {
  return Addon::of(env)->submit(
      lane, std::make_unique<TypedCall<Result, Work, Convert>>(std::move(work), std::move(convert)));
}

// The same for work that has nothing to tell.
struct Nothing {};
template <class Work>
napi_value startVoid(napi_env env, Lane& lane, Work work) {
  return start<Nothing>(
      env, lane, [work = std::move(work)](Nothing&) mutable { return work(); },
      [](napi_env env, Nothing&) {
        napi_value undefined;
        return napi_get_undefined(env, &undefined) == napi_ok ? undefined : nullptr;
      });
}

// A handle is an object that owns a `T`; its tag keeps one kind from being taken for another.
template <class T>
struct HandleTag;

template <class T>
napi_value makeHandle(napi_env env, std::unique_ptr<T> value) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok ||
      napi_type_tag_object(env, object, &HandleTag<T>::value) != napi_ok)
    return nullptr;
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
  if (napi_wrap(env, object, value.get(), finalize, nullptr, nullptr) != napi_ok) return nullptr;
  value.release();
  return object;
}

// The arguments of one call. A getter that meets the wrong thing throws TypeError or RangeError in JavaScript and
// turns `ok()` false; later getters then do nothing.
class Arguments {
 public:
  static constexpr size_t kLargestCount = 8;

  Arguments(napi_env env, napi_callback_info info);
  bool ok() const { return ok_; }
  void fail(const char* message, bool range = false);

  std::string text(size_t index);
  bool flag(size_t index);
  // An integer from 0 to `largest`.
  uint64_t integer(size_t index, uint64_t largest = kLargestSafeInteger);
  bool isUndefined(size_t index);
  // A copy of a Uint8Array, Uint32Array or Float64Array.
  template <class T>
  std::vector<T> array(size_t index);
  template <class T>
  T* handle(size_t index) {
    return static_cast<T*>(wrapped(index, HandleTag<T>::value));
  }

 private:
  void* wrapped(size_t index, const napi_type_tag& tag);
  const void* view(size_t index, napi_typedarray_type type, size_t& count);

  napi_env env_;
  napi_value values_[kLargestCount];
  bool ok_ = true;
};

template <>
std::vector<uint8_t> Arguments::array<uint8_t>(size_t index);
template <>
std::vector<uint32_t> Arguments::array<uint32_t>(size_t index);
template <>
std::vector<double> Arguments::array<double>(size_t index);

// Values.
napi_value toNumber(napi_env env, double value);
napi_value toBoolean(napi_env env, bool value);
napi_value toText(napi_env env, const char* text);
napi_value toBuffer(napi_env env, const void* bytes, size_t length);
napi_value toArray(napi_env env, napi_typedarray_type type, const void* bytes, size_t byteLength, size_t count);
bool setProperty(napi_env env, napi_value object, const char* name, napi_value value);

// Adds a native function; exceptions of the language end as a JavaScript error.
using Function = napi_value (*)(napi_env env, Arguments& arguments);
bool define(napi_env env, napi_value exports, const char* name, Function function);

bool defineFile(napi_env env, napi_value exports);
bool defineChunks(napi_env env, napi_value exports);
