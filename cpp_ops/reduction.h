// Large frames as the networks see them, and what these make of them at the frame's own size.
#pragma once

#include <cstdint>

namespace thermal {

// How many squares of `factor` pixels a side cover so many pixels; the last ones may be smaller.
constexpr int squares(int pixels, int factor) { return (pixels - 1) / factor + 1; }

// Means of these squares, halves rounded up: interleaved u8 rgb [height, width] -> the same of
// [squares(height), squares(width)]. The factor is at most kMostReduction.
void reduce(const uint8_t* rgb, int height, int width, int factor, int threads, uint8_t* out);
constexpr int kMostReduction = 64;

// Bilinear enlargement by `factor`, at least 2 (half-pixel centres, clamped edges). The plane is
// [height, width], out is [factor * height, factor * width].
void enlarge(const float* plane, int height, int width, int factor, float* out);

}  // namespace thermal
