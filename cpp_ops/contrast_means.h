// m_o of the composition: the mean contrast of each object's core, or of all of it where it has no core.
#pragma once

#include <cstdint>
#include <vector>

#include "composite.h"

namespace thermal {

// Pixels of one row that follow each other and are of one object and class.
struct ObjectRun {
    int32_t begin;
    int32_t end;
    int32_t object;
    int32_t label;
    double sum;  // of the contrasts of its core pixels; of all of them where there are none
    int32_t core_pixels;
};

// The objects of a frame as the composition needs them.
struct MeasuredObjects {
    std::vector<std::vector<ObjectRun>> rows;  // from left to right
    std::vector<uint8_t> cores;                // by pixel: 1 in a core, else 0
    std::vector<float> mean_contrasts;         // m_o by object, 0 for an id without pixels
};

// Good until the calling thread's next call. The bits do not depend on `threads`. Throws Refused for an
// object id or a label that cannot be used.
const MeasuredObjects& contrast_means(const CompositeInput& input, int threads);

}  // namespace thermal
