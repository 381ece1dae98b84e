// What one thread of the composition's kernel does, and how many threads there are. No CUDA is needed to read
// it: tests run every thread of every block on the CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../pixel.h"

namespace thermal {

// A block covers a tile of so many pixels, one thread each; a warp is one of its rows.
constexpr int kBlockWidth = 32;
constexpr int kBlockHeight = 8;

constexpr int blocks_for(ptrdiff_t count, int block) { return static_cast<int>((count + block - 1) / block); }

// Entries of an AGC table: a grey for every 16-bit count.
constexpr int kAgcEntries = 65536;

// Planes that the kernel writes; those that are null are left out.
struct Outputs {
    float* kelvin;
    uint16_t* raw16;           // L16, 0.01 K per count
    uint8_t* grey;             // L8: agc_table at the count
    const uint8_t* agc_table;  // kAgcEntries greys; read where grey is written
};

// The thread (thread_x, thread_y) of the block (block_x, block_y). Threads beyond the frame do nothing.
template <int Feather>
THERMAL_HD void composite_thread(const FrameView& frame, const float* const* contrasts, const Outputs& out,
                                 unsigned block_x, unsigned block_y, unsigned thread_x, unsigned thread_y) {
    const int x = static_cast<int>(block_x * kBlockWidth + thread_x);
    const int y = static_cast<int>(block_y * kBlockHeight + thread_y);
    if (x >= frame.width || y >= frame.height) return;
    const ptrdiff_t pixel = frame.at(y, x);
    const float kelvin = composite_pixel<Feather>(frame, contrasts, y, x);
    const uint16_t count = raw16_count(kelvin);
    if (out.kelvin != nullptr) out.kelvin[pixel] = kelvin;
    if (out.raw16 != nullptr) out.raw16[pixel] = count;
    if (out.grey != nullptr) out.grey[pixel] = out.agc_table[count];
}

}  // namespace thermal
