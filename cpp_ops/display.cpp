#include "display.h"

#include "clones.h"
#include "pixel.h"

namespace thermal {
THERMAL_CLONES void raw16(const float* kelvin, ptrdiff_t pixels, uint16_t* out) {
    for (ptrdiff_t i = 0; i < pixels; ++i) out[i] = raw16_count(kelvin[i]);
}

THERMAL_CLONES void agc_linear(const float* kelvin, ptrdiff_t pixels, float low, float high, uint8_t* out) {
    const float factor = 255.0f / (high - low);
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        const float grey = rounded(saturated((kelvin[i] - low) * factor, 255.0f));
        out[i] = static_cast<uint8_t>(static_cast<int32_t>(grey));
    }
}

}  // namespace thermal
