// Frames and class maps in the form that the networks take. All planes are row-major and contiguous.
#pragma once

#include <cstdint>

namespace thermal {

// Pixels of a cell along each axis.
constexpr int kCell = 4;

// Interleaved u8 rgb -> three planes in [0, 1].
void planes(const uint8_t* rgb, int height, int width, int threads, float* out);

// The same, as means over 4x4 cells. height and width are multiples of 4.
void planes_4(const uint8_t* rgb, int height, int width, int threads, float* out);

// Share of each of `classes` classes in 4x4 cells. height and width are multiples of 4.
// Throws Refused for a label that is not below `classes`.
void class_fractions(const uint8_t* labels, int height, int width, int classes, float* out);

// Class with the highest logit after bilinear enlargement by 4 (half-pixel centres, clamped edges), the
// lowest id among equals. logits are [classes, height, width], out is [4 * height, 4 * width].
void labels_from_logits(const float* logits, int classes, int height, int width, int threads, uint8_t* out);

}  // namespace thermal
