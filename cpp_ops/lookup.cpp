#include "lookup.h"

#include <algorithm>
#include <cstdint>

#include "clones.h"

namespace thermal {
namespace {

// So many places in the table are computed at a time, with vectors; the loads that follow cannot be.
constexpr ptrdiff_t kBlock = 512;

}  // namespace

THERMAL_CLONES void interpolate(const float* __restrict positions, ptrdiff_t pixels, const LookupTable& table,
                                float* __restrict out) {
    const float* __restrict values = table.values;
    const float low = table.low, per_step = 1.0f / table.step;
    const float highest = static_cast<float>(table.count - 1);
    const int32_t last = table.count - 2;
    int32_t indices[kBlock];
    float fractions[kBlock];
    for (ptrdiff_t start = 0; start < pixels; start += kBlock) {
        const ptrdiff_t count = std::min(kBlock, pixels - start);
        for (ptrdiff_t i = 0; i < count; ++i) {
            float position = (positions[start + i] - low) * per_step;
            position = position > 0.0f ? position : 0.0f;  // so NaN becomes 0
            position = position < highest ? position : highest;
            const int32_t index = std::min(static_cast<int32_t>(position), last);
            indices[i] = index;
            fractions[i] = position - static_cast<float>(index);
        }
        for (ptrdiff_t i = 0; i < count; ++i) {
            const float* __restrict entry = values + indices[i];
            out[start + i] = entry[0] + fractions[i] * (entry[1] - entry[0]);
        }
    }
}

}  // namespace thermal
