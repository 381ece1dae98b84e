// Objects: the areas that have one temperature each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thermal {

// Objects are 4-connected areas of one label, numbered in raster order of their first pixels. Returns how
// many.
int connected_components(const uint8_t* labels, int height, int width, int32_t* objects);

// Objects are the distinct pairs of label and instance, connected or not, numbered in raster order. Returns
// how many.
int instance_objects(const uint8_t* labels, const uint16_t* instances, int height, int width,
                     int32_t* objects);

// Throws Refused unless 0 <= lowest and highest < count.
void check_ids(int32_t lowest, int32_t highest, ptrdiff_t count);

// One more than the highest id. Throws Refused for a negative id, or one that is not below height * width.
int object_count(const int32_t* objects, int height, int width);

// The value of the object at every pixel. Throws Refused for an id that is not in [0, count).
void paint(const int32_t* objects, int height, int width, const float* values, int count, float* out);

// Mean over each object's pixels of values[y / stride, x / stride]; NaN for an object without pixels.
// Throws Refused for an id that is not in [0, count).
void object_means(const int32_t* objects, int height, int width, int count, const float* values, int stride,
                  float* means);

}  // namespace thermal
