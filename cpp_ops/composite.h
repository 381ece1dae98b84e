// The composition on the CPU. The formula is in pixel.h, the specification in compositing/reference.py.
#pragma once

#include <cstdint>
#include <vector>

namespace thermal {

// Contiguous row-major planes of height x width.
struct CompositeInput {
    int height;
    int width;
    const uint8_t* labels;
    const int32_t* objects;
    std::vector<const float*> contrasts;  // one plane per class, null for a class that the frame lacks
    const float* thermal_labels;          // kelvin
    float contrast_kelvin;
    int feather;  // 0 to kMaxFeather
};

// Writes surface temperatures in kelvin to out. The bits do not depend on `threads`.
// Throws Refused when objects or labels hold ids that cannot be used.
void composite(const CompositeInput& input, int threads, float* out);

}  // namespace thermal
