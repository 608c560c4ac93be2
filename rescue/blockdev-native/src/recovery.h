// Reads round unreadable sectors.
#pragma once

#include <atomic>
#include <vector>

#include "file.h"

// Reads the bytes at `offset` into `to` piece by piece, down to single units, after a read of a larger range has
// failed. What stays unreadable is zeroed and appended to `bad` as offset, length pairs, merged with the last one
// where they touch. Fails only if the device is gone, the error is of another kind, or `cancelled` is set.
Failure recover(File& file, uint8_t* to, size_t length, uint64_t offset, Buffer& bounce,
                const std::atomic<bool>& cancelled, std::vector<double>& bad);
