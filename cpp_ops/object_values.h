// Values of objects, and of the pixels that they are made of.
#pragma once

#include <cstdint>

#include "objects.h"

namespace thermal {

// The object of every pixel.
void write_ids(const ObjectMap& objects, int32_t* out);

// The value of its object at every pixel.
void paint(const ObjectMap& objects, const float* values, float* out);

// Mean over each object's pixels of values[y / stride, x / stride].
void object_means(const ObjectMap& objects, const float* values, int stride, float* means);

}  // namespace thermal
