// Rows that will be read soon: a processor does not foresee the step from one row of a plane to the next.
#pragma once

#include <cstddef>

#include "clones.h"

namespace thermal {

// Fetches the part of a plane that lies below `count` floats of a row, if it has not ended there. `rows` are
// left from that row on.
THERMAL_INLINE void prefetch_below(const float* part, int count, int width, int rows) {
    constexpr int kRows = 2, kFloatsPerLine = 16;
    if (rows <= kRows) return;
    const float* below = part + static_cast<ptrdiff_t>(kRows) * width;
    for (int i = 0; i < count; i += kFloatsPerLine) __builtin_prefetch(below + i);
}

}  // namespace thermal
