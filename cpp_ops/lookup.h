// Functions of one variable, as tables.
#pragma once

#include <cstddef>

namespace thermal {

// Values at low, low + step, low + 2 * step, ...; at least two of them.
struct LookupTable {
    const float* values;
    int count;
    float low;
    float step;
};

// Linear between the entries, constant beyond them; NaN counts as low.
void interpolate(const float* positions, ptrdiff_t pixels, const LookupTable& table, float* out);

}  // namespace thermal
