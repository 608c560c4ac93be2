// Promises settled from threads, arguments and values. See binding.h.
#include "binding.h"

#include <cstring>

void Completions::close() {
  const std::lock_guard<std::mutex> guard(mutex_);
  wake_ = nullptr;
}

void Completions::receive(std::unique_ptr<Job> job) {
  std::unique_ptr<Call> call(static_cast<Call*>(job.release()));
  const std::lock_guard<std::mutex> guard(mutex_);
  if (wake_ == nullptr) {
    // The environment is gone, perhaps in the middle of exit(): destroying what it made is not safe any more.
    call.release();
    return;
  }
  done_.push_back(std::move(call));
  if (done_.size() == 1) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

std::vector<std::unique_ptr<Call>> Completions::take() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(done_, {});
}

Addon* Addon::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Addon*>(data);
}

Addon::Addon(napi_env env)
    : env_(env),
      completions_(std::make_shared<Completions>()),
      threads_(std::make_shared<Threads>(completions_)),
      // Opening hangs where the device does; nobody should wait for that but who asked.
      openLane_(std::make_shared<Lane>(threads_, 64)) {}

bool Addon::start() {
  napi_value name;
  if (napi_create_string_utf8(env_, "permafrost", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, onWake, &wake_) !=
      napi_ok)
    return false;
  if (napi_unref_threadsafe_function(env_, wake_) != napi_ok) return false;
  completions_->open(wake_);
  // Added after the function's own hook, so it runs before it.
  return napi_add_env_cleanup_hook(env_, onCleanup, this) == napi_ok;
}

void Addon::onCleanup(void* self) {
  auto* addon = static_cast<Addon*>(self);
  addon->completions_->close();
  napi_release_threadsafe_function(addon->wake_, napi_tsfn_abort);
  addon->wake_ = nullptr;
}

void Addon::holdProcess(bool hold) {
  if (wake_ == nullptr) return;
  if (hold) napi_ref_threadsafe_function(env_, wake_);
  else napi_unref_threadsafe_function(env_, wake_);
}

napi_value Addon::submit(Lane& lane, std::unique_ptr<Call> call) {
  napi_value promise;
  Pending pending{nullptr, lane.shared_from_this()};
  if (napi_create_promise(env_, &pending.deferred, &promise) != napi_ok) return nullptr;
  call->id = ++lastId_;
  pending_.emplace(call->id, std::move(pending));
  if (pending_.size() == 1) holdProcess(true);
  lane.submit(std::move(call));
  return promise;
}

namespace {

napi_value makeError(napi_env env, const Failure& failure) {
  napi_value message;
  napi_value error;
  if (napi_create_string_utf8(env, strerror(failure.error), NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_error(env, nullptr, message, &error) != napi_ok)
    return nullptr;
  const char* code = strerrorname_np(failure.error);
  setProperty(env, error, "code", toText(env, code == nullptr ? "EUNKNOWN" : code));
  setProperty(env, error, "syscall", toText(env, failure.syscall));
  if (failure.offset >= 0) setProperty(env, error, "offset", toNumber(env, static_cast<double>(failure.offset)));
  if (failure.length >= 0) setProperty(env, error, "length", toNumber(env, static_cast<double>(failure.length)));
  return error;
}

}  // namespace

void Addon::onWake(napi_env env, napi_value, void* context, void*) {
  auto* addon = static_cast<Addon*>(context);
  // Without an environment we are being torn down, and the promises with it.
  if (env == nullptr) return;
  for (std::unique_ptr<Call>& call : addon->completions_->take()) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    addon->settle(*call);
    napi_close_handle_scope(env, scope);
    call.reset();
  }
}

void Addon::settle(Call& call) {
  const auto found = pending_.find(call.id);
  if (found == pending_.end()) return;
  const napi_deferred deferred = found->second.deferred;
  pending_.erase(found);
  if (pending_.empty()) holdProcess(false);
  napi_value value = nullptr;
  if (!call.failure) {
    value = call.convert(env_);
    if (value != nullptr && napi_resolve_deferred(env_, deferred, value) == napi_ok) return;
    napi_value thrown;
    napi_get_and_clear_last_exception(env_, &thrown);
    call.failure = Failure{ENOMEM, "napi"};
  }
  value = makeError(env_, call.failure);
  if (value != nullptr) napi_reject_deferred(env_, deferred, value);
}

void Addon::abandon(Lane& lane) {
  lane.abandon();
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    if (entry->second.lane.get() != &lane) {
      ++entry;
      continue;
    }
    napi_value error = makeError(env_, Failure{ECANCELED, "abandon"});
    if (error != nullptr) napi_reject_deferred(env_, entry->second.deferred, error);
    entry = pending_.erase(entry);
    if (pending_.empty()) holdProcess(false);
  }
}

NAPI_MODULE_INIT() {
  Addon* addon = new (std::nothrow) Addon(env);
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Addon*>(data); };
  if (addon == nullptr || napi_set_instance_data(env, addon, finalize, nullptr) != napi_ok || !addon->start() ||
      !defineFile(env, exports) || !defineChunks(env, exports)) {
    napi_throw_error(env, nullptr, "cannot initialise the addon");
    return nullptr;
  }
  return exports;
}
