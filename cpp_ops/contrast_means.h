// m_o of the composition: the mean contrast of each object's core, or of all of it where it has no core.
#pragma once

#include <vector>

#include "objects.h"
#include "patches.h"

namespace thermal {

// Writes, for every object, the sum of the contrasts of its measured pixels that are of the patch's class and
// in its core. To be called while what the layer made is in the cache.
void contrast_sums(const ObjectMap& objects, const Patch& patch, float* sums);

// m_o by object, out of the sums of all patches: [patches, objects]. Good until the calling thread's next
// call.
const std::vector<float>& contrast_means(const ObjectMap& objects, int patches, const float* sums);

}  // namespace thermal
