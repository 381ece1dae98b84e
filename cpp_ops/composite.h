// The composition on the CPU. The formula is in pixel.h, the specification in compositing/reference.py.
#pragma once

#include <vector>

#include "objects.h"
#include "patches.h"

namespace thermal {

// What the composition is made of; planes are contiguous and row-major.
struct CompositeInput {
    const ObjectMap& objects;
    const std::vector<Patch>& patches;
    const float* contrast_sums;   // [patches, objects]: see contrast_means.h
    const float* thermal_labels;  // kelvin
    float contrast_kelvin;
};

// Writes surface temperatures in kelvin to out. The bits do not depend on `threads`. Throws Refused where the
// contrast of a pixel's class is in no patch.
void composite(const CompositeInput& input, int threads, float* out);

}  // namespace thermal
