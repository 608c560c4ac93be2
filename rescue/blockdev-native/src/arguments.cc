// Arguments and values of native functions. See binding.h.
#include <cmath>
#include <cstring>

#include "binding.h"

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  size_t count = kLargestCount;
  // Fills what was not passed with undefined.
  ok_ = napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) == napi_ok;
}

void Arguments::fail(const char* message, bool range) {
  if (!ok_) return;
  ok_ = false;
  if (range) napi_throw_range_error(env_, nullptr, message);
  else napi_throw_type_error(env_, nullptr, message);
}

std::string Arguments::text(size_t index) {
  if (!ok_) return {};
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) {
    fail("a string was expected");
    return {};
  }
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env_, values_[index], text.data(), text.size(), &length);
  text.resize(length);
  // A path with a NUL would silently name another file.
  if (strlen(text.c_str()) != length) fail("a string without NUL was expected");
  return text;
}

bool Arguments::flag(size_t index) {
  bool value = false;
  if (ok_ && napi_get_value_bool(env_, values_[index], &value) != napi_ok) fail("a boolean was expected");
  return value;
}

uint64_t Arguments::integer(size_t index, uint64_t largest) {
  if (!ok_) return 0;
  double value = 0;
  if (napi_get_value_double(env_, values_[index], &value) != napi_ok) {
    fail("a number was expected");
    return 0;
  }
  if (!(value >= 0 && value <= static_cast<double>(largest)) || value != std::floor(value)) {
    fail("an integer in range was expected", true);
    return 0;
  }
  return static_cast<uint64_t>(value);
}

bool Arguments::isUndefined(size_t index) {
  napi_valuetype type = napi_undefined;
  return ok_ && napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_undefined;
}

const void* Arguments::view(size_t index, napi_typedarray_type type, size_t& count) {
  if (!ok_) return nullptr;
  napi_typedarray_type actual;
  void* data = nullptr;
  bool isTyped = false;
  if (napi_is_typedarray(env_, values_[index], &isTyped) != napi_ok || !isTyped ||
      napi_get_typedarray_info(env_, values_[index], &actual, &count, &data, nullptr, nullptr) != napi_ok ||
      actual != type) {
    fail("a typed array of the right kind was expected");
    return nullptr;
  }
  if (data == nullptr) count = 0;
  return data;
}

template <class T>
std::vector<T> copied(const void* data, size_t count) {
  std::vector<T> values(data == nullptr ? 0 : count);
  if (!values.empty()) memcpy(values.data(), data, count * sizeof(T));
  return values;
}

template <>
std::vector<uint8_t> Arguments::array<uint8_t>(size_t index) {
  size_t count = 0;
  const void* data = view(index, napi_uint8_array, count);
  return copied<uint8_t>(data, count);
}

template <>
std::vector<uint32_t> Arguments::array<uint32_t>(size_t index) {
  size_t count = 0;
  const void* data = view(index, napi_uint32_array, count);
  return copied<uint32_t>(data, count);
}

template <>
std::vector<double> Arguments::array<double>(size_t index) {
  size_t count = 0;
  const void* data = view(index, napi_float64_array, count);
  return copied<double>(data, count);
}

void* Arguments::wrapped(size_t index, const napi_type_tag& tag) {
  if (!ok_) return nullptr;
  napi_valuetype type;
  bool matches = false;
  void* data = nullptr;
  if (napi_typeof(env_, values_[index], &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(env_, values_[index], &tag, &matches) != napi_ok || !matches ||
      napi_unwrap(env_, values_[index], &data) != napi_ok) {
    fail("a handle of the right kind was expected");
    return nullptr;
  }
  return data;
}

napi_value toNumber(napi_env env, double value) {
  napi_value number;
  return napi_create_double(env, value, &number) == napi_ok ? number : nullptr;
}

napi_value toBoolean(napi_env env, bool value) {
  napi_value boolean;
  return napi_get_boolean(env, value, &boolean) == napi_ok ? boolean : nullptr;
}

napi_value toText(napi_env env, const char* text) {
  napi_value string;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &string) == napi_ok ? string : nullptr;
}

napi_value toBuffer(napi_env env, const void* bytes, size_t length) {
  napi_value buffer;
  void* copy;
  return napi_create_buffer_copy(env, length, bytes, &copy, &buffer) == napi_ok ? buffer : nullptr;
}

napi_value toArray(napi_env env, napi_typedarray_type type, const void* bytes, size_t byteLength, size_t count) {
  napi_value buffer;
  napi_value array;
  void* copy = nullptr;
  if (napi_create_arraybuffer(env, byteLength, &copy, &buffer) != napi_ok) return nullptr;
  if (byteLength > 0) memcpy(copy, bytes, byteLength);
  return napi_create_typedarray(env, type, count, buffer, 0, &array) == napi_ok ? array : nullptr;
}

bool setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  return value != nullptr && napi_set_named_property(env, object, name, value) == napi_ok;
}

bool define(napi_env env, napi_value exports, const char* name, Function function) {
  const auto enter = [](napi_env env, napi_callback_info info) -> napi_value {
    void* data = nullptr;
    if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data) != napi_ok) return nullptr;
    try {
      Arguments arguments(env, info);
      return arguments.ok() ? reinterpret_cast<Function>(data)(env, arguments) : nullptr;
    } catch (const std::bad_alloc&) {
      napi_throw_error(env, "ENOMEM", "out of memory");
      return nullptr;
    }
  };
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, enter, reinterpret_cast<void*>(function), &value) ==
             napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}
