// What the handles given to JavaScript own. Used on the JavaScript thread only.
#pragma once

#include <memory>

#include "binding.h"
#include "chunks.h"
#include "file.h"

struct FileHandle {
  std::shared_ptr<File> file;  // empty once closed
  std::shared_ptr<Lane> lane;

  ~FileHandle();
  // The file, for a job to hold. Throws in JavaScript if it is closed.
  static std::shared_ptr<File> shared(Arguments& arguments, const FileHandle* handle);
};

struct PoolHandle {
  std::shared_ptr<Lane> lane;
  std::shared_ptr<Contexts> contexts;
};

struct SlotHandle {
  std::shared_ptr<Slot> slot;  // empty once freed
};

struct HasherHandle {
  std::shared_ptr<Hasher> hasher;
};

template <>
struct HandleTag<FileHandle> {
  static const napi_type_tag value;
};
template <>
struct HandleTag<PoolHandle> {
  static const napi_type_tag value;
};
template <>
struct HandleTag<SlotHandle> {
  static const napi_type_tag value;
};
template <>
struct HandleTag<HasherHandle> {
  static const napi_type_tag value;
};
