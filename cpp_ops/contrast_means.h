// m_o of the composition: the mean contrast of each object's core, or of all of it where it has no core.
#pragma once

#include <cstdint>
#include <vector>

#include "composite.h"

namespace thermal {

// The cores of a frame: its pixels whose windows hold one class.
struct Cores {
    std::vector<uint8_t> marks;         // by pixel: 1 in a core, else 0
    std::vector<float> mean_contrasts;  // m_o by object, 0 for an id without pixels
};

// Good until the calling thread's next call. The bits do not depend on `threads`. Throws Refused for an
// object id or a label that cannot be used.
const Cores& contrast_means(const CompositeInput& input, int threads);

}  // namespace thermal
