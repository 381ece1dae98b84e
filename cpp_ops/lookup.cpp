#include "lookup.h"

#include <cstdint>

#include "clones.h"

namespace thermal {

THERMAL_CLONES void interpolate(const float* __restrict positions, ptrdiff_t pixels, const LookupTable& table,
                                float* __restrict out) {
    const float* __restrict values = table.values;
    const float low = table.low, per_step = 1.0f / table.step;
    const float highest = static_cast<float>(table.count - 1);
    const int32_t last = table.count - 2;
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        float position = (positions[i] - low) * per_step;
        position = position > 0.0f ? position : 0.0f;  // so NaN becomes 0
        position = position < highest ? position : highest;
        int32_t index = static_cast<int32_t>(position);
        index = index < last ? index : last;
        const float fraction = position - static_cast<float>(index);
        out[i] = values[index] + fraction * (values[index + 1] - values[index]);
    }
}

}  // namespace thermal
