// m_o of the composition: the mean contrast of each object's core, or of all of it where it has no core.
#pragma once

#include <vector>

#include "composite.h"

namespace thermal {

// One value per object, 0 for an id without pixels, good until the calling thread's next call. The bits do
// not depend on `threads`. Throws Refused for an object id or a label that cannot be used.
const std::vector<float>& contrast_means(const CompositeInput& input, int threads);

}  // namespace thermal
