// Copies a part of a plane out of it.
#pragma once

#include <cstddef>

namespace thermal {

// Rows of as many floats, `stride` floats from one to the next.
struct FloatRows {
    const float* first;
    ptrdiff_t count;
    ptrdiff_t floats;
    ptrdiff_t stride;
};

// Writes the rows one after another.
void copy_rows(const FloatRows& rows, float* out);

}  // namespace thermal
