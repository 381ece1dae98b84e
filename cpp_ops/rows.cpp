#include "rows.h"

#include <cstring>

#include "clones.h"

namespace thermal {
namespace {

constexpr ptrdiff_t kLine = 16;  // floats of a cache line

// Copies one row, and fetches the one that begins at `ahead`: a processor does not foresee the step to it.
THERMAL_CLONES void copy_row(const float* __restrict row, const float* ahead, ptrdiff_t floats,
                             float* __restrict out) {
    ptrdiff_t i = 0;
    for (; i + kLine <= floats; i += kLine) {
        __builtin_prefetch(ahead + i);
        std::memcpy(out + i, row + i, kLine * sizeof(float));
    }
    for (; i < floats; ++i) out[i] = row[i];
}

}  // namespace

void copy_rows(const FloatRows& rows, float* out) {
    for (ptrdiff_t y = 0; y < rows.count; ++y) {
        const float* row = rows.first + y * rows.stride;
        copy_row(row, y + 1 < rows.count ? row + rows.stride : row, rows.floats, out + y * rows.floats);
    }
}

}  // namespace thermal
