#include "display.h"

#include "clones.h"

namespace thermal {
namespace {

// Nearest integer, ties to even, for values from 0 to 2^22: adding 1.5 * 2^23 leaves no bit for a fraction.
THERMAL_INLINE float rounded(float value) {
    constexpr float kNoFraction = 12582912.0f;
    return (value + kNoFraction) - kNoFraction;
}

// A comparison with NaN is false, so NaN becomes 0.
THERMAL_INLINE float saturated(float value, float highest) {
    value = value > 0.0f ? value : 0.0f;
    return value < highest ? value : highest;
}

}  // namespace

THERMAL_CLONES void raw16(const float* kelvin, ptrdiff_t pixels, uint16_t* out) {
    constexpr float kCountsPerKelvin = 100.0f;
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        const float count = rounded(saturated(kelvin[i] * kCountsPerKelvin, 65535.0f));
        out[i] = static_cast<uint16_t>(static_cast<int32_t>(count));
    }
}

THERMAL_CLONES void agc_linear(const float* kelvin, ptrdiff_t pixels, float low, float high, uint8_t* out) {
    const float factor = 255.0f / (high - low);
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        const float grey = rounded(saturated((kelvin[i] - low) * factor, 255.0f));
        out[i] = static_cast<uint8_t>(static_cast<int32_t>(grey));
    }
}

}  // namespace thermal
