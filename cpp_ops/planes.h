// Frames and class maps in the form that the networks take. All planes are row-major and contiguous.
#pragma once

#include <cstdint>

namespace thermal {

// Interleaved u8 rgb -> three planes in [0, 1].
void planes(const uint8_t* rgb, int height, int width, float* out);

// The same, as means over 4x4 cells. height and width are multiples of 4.
void planes_4(const uint8_t* rgb, int height, int width, float* out);

// A part of a frame; bottom and right are exclusive.
struct Part {
    int top;
    int left;
    int bottom;
    int right;
};

// What the layer of `class_id` is told in a window of the frame, as means over 4x4 cells: its mask, its edge
// and (R - offset) / scale on it. The window's edges are multiples of 4.
void condition(const uint8_t* labels, const float* thermal_labels, int height, int width, Part window,
               int class_id, float offset, float scale, float* out);

// Share of each of `classes` classes in 4x4 cells. height and width are multiples of 4.
// Throws Refused for a label that is not below `classes`.
void class_fractions(const uint8_t* labels, int height, int width, int classes, float* out);

// Class with the highest logit after bilinear enlargement by 4 (half-pixel centres, clamped edges), the
// lowest id among equals. logits are [classes, height, width], out is [4 * height, 4 * width].
void labels_from_logits(const float* logits, int classes, int height, int width, uint8_t* out);

}  // namespace thermal
