// What the layers are told of a frame besides its colours.
#pragma once

#include <cstdint>

namespace thermal {

// Normalisation of R: (R - offset) / scale, in kelvin.
struct ThermalCoding {
    float offset;
    float scale;
};

// For each of `classes` classes three planes, as means over 4x4 cells: its mask, its edge and the coded R on
// it. height and width are multiples of 4, out is [classes, 3, height / 4, width / 4]. The bits do not depend
// on `threads`. Throws Refused for a label that is not below `classes`.
void conditions(const uint8_t* labels, const float* thermal_labels, int height, int width, int classes,
                ThermalCoding coding, int threads, float* out);

}  // namespace thermal
