#include "recovery.h"

#include <algorithm>
#include <cstring>

namespace {

// A first step down from a whole frame: small enough that one bad sector costs few long waits.
constexpr uint64_t kStepBytes = 64 * 1024;

struct Recovery {
  File& file;
  Buffer& bounce;
  const std::atomic<bool>& cancelled;
  std::vector<double>& bad;
  const uint64_t unit;
  bool lost = false;  // something was given up

  Failure attempt(uint8_t* to, uint64_t length, uint64_t offset) {
    if (cancelled.load()) return Failure{ECANCELED, "pread"};
    const int64_t got = file.read(to, static_cast<size_t>(length), offset, bounce);
    if (got < 0) return failedAt("pread", got, offset, length);
    if (static_cast<uint64_t>(got) < length)
      return Failure{file.node().isBlock ? ENODEV : ENODATA, "pread", static_cast<int64_t>(offset),
                     static_cast<int64_t>(length)};
    file.remember(offset);
    return {};
  }

  void giveUp(uint8_t* to, uint64_t length, uint64_t offset) {
    lost = true;
    // A device may have filled in a part before it failed.
    memset(to, 0, static_cast<size_t>(length));
    const size_t count = bad.size();
    if (count >= 2 && bad[count - 2] + bad[count - 1] == static_cast<double>(offset)) {
      bad[count - 1] += static_cast<double>(length);
      return;
    }
    bad.push_back(static_cast<double>(offset));
    bad.push_back(static_cast<double>(length));
  }

  // In order of the offsets: a failing disk hates to seek.
  Failure split(uint8_t* to, uint64_t length, uint64_t offset) {
    Failure failure = attempt(to, length, offset);
    if (!failure || !sys::isMediumError(failure.error)) return failure;
    const uint64_t firstUnit = offset - offset % unit;
    if (offset + length <= firstUnit + unit) {
      // Marginal sectors often answer the second time.
      failure = attempt(to, length, offset);
      if (!failure || !sys::isMediumError(failure.error)) return failure;
      giveUp(to, length, offset);
      return {};
    }
    uint64_t middle = offset + length / 2;
    middle = std::max(middle - middle % unit, firstUnit + unit);
    const uint64_t half = middle - offset;
    if (Failure first = split(to, half, offset)) return first;
    return split(to + half, length - half, middle);
  }
};

}  // namespace

Failure recover(File& file, uint8_t* to, size_t length, uint64_t offset, Buffer& bounce,
                const std::atomic<bool>& cancelled, std::vector<double>& bad) {
  Recovery recovery{file, bounce, cancelled, bad, file.unit()};
  const uint64_t end = offset + length;
  for (uint64_t at = offset; at < end;) {
    const uint64_t stop = std::min(end, at - at % kStepBytes + kStepBytes);
    uint8_t* place = to + (at - offset);
    Failure failure = recovery.attempt(place, stop - at, at);
    if (failure) {
      if (!sys::isMediumError(failure.error)) return failure;
      // A disk that was pulled out, before or meanwhile, fails everywhere: that is no list of bad sectors.
      if (!file.answers(bounce)) return failure;
      recovery.lost = false;
      if (Failure other = recovery.split(place, stop - at, at)) return other;
      if (recovery.lost && !file.answers(bounce)) return failure;
    }
    at = stop;
  }
  return {};
}
