// Temperatures as integers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace thermal {

// 0.01 K per count, rounded half to even, saturating; NaN becomes 0.
void raw16(const float* kelvin, ptrdiff_t pixels, uint16_t* out);

// low becomes 0 and high 255, linear between and rounded half to even, saturating; NaN becomes 0.
void agc_linear(const float* kelvin, ptrdiff_t pixels, float low, float high, uint8_t* out);

}  // namespace thermal
