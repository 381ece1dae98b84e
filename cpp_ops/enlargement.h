// Bilinear enlargement by a whole factor, at half-pixel centres: where each new pixel lies among the old
// ones.
#pragma once

#include "clones.h"

namespace thermal {

// A pixel among the `factor` that one becomes: it lies between the pixel at `shift` of that one and the next.
struct Place {
    int shift;
    float near;
    float far;
};

THERMAL_INLINE constexpr Place place_of(int phase, int factor) {
    const double from_centre = (phase + 0.5) / factor - 0.5;
    const int shift = from_centre < 0.0 ? -1 : 0;
    const auto far = static_cast<float>(from_centre - shift);
    return {shift, 1.0f - far, far};
}

}  // namespace thermal
