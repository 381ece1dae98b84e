// Functions of one variable, as tables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "scan.h"

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

// The entry of every index; the table has one for each value that an Index can have.
template <typename Index, typename Value>
void take(const Index* indices, ptrdiff_t pixels, const Value* table, Value* out) {
    for (ptrdiff_t i = 0; i < pixels; ++i) out[i] = table[indices[i]];
}

// Temperatures of a class map, whose pixels come in runs.
template <>
inline void take(const uint8_t* classes, ptrdiff_t pixels, const float* table, float* out) {
    for (ptrdiff_t i = 0; i < pixels;) {
        const ptrdiff_t end = end_of_bytes(classes, classes[i], i, pixels);
        std::fill(out + i, out + end, table[classes[i]]);
        i = end;
    }
}

}  // namespace thermal
