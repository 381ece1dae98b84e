// Searching rows of bytes, eight at a time.
#pragma once

#include <cstdint>
#include <cstring>

#include "clones.h"

namespace thermal {

// First index from x on, or end, whose byte is not `byte`.
template <typename Index>
THERMAL_INLINE Index end_of_bytes(const uint8_t* bytes, uint8_t byte, Index x, Index end) {
    const uint64_t repeated = byte * 0x0101010101010101ull;
    for (; x + 8 <= end; x += 8) {
        uint64_t eight;
        std::memcpy(&eight, bytes + x, sizeof(eight));
        const uint64_t differences = eight ^ repeated;
        // Every machine that it builds for is little-endian.
        if (differences != 0) return x + __builtin_ctzll(differences) / 8;
    }
    while (x < end && bytes[x] == byte) ++x;
    return x;
}

}  // namespace thermal
