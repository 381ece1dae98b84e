#include "blur.h"

#include <algorithm>
#include <cstddef>

#include "clones.h"

namespace thermal {

THERMAL_CLONES void blur(const float* values, int height, int width, const float* weights, int reach,
                         float* row, float* out) {
    float* middle = row + reach;
    for (int y = 0; y < height; ++y) {
        const float* __restrict here = values + static_cast<ptrdiff_t>(y) * width;
        for (int x = 0; x < width; ++x) middle[x] = here[x] * weights[0];
        for (int d = 1; d <= reach; ++d) {
            const float* __restrict above = values + static_cast<ptrdiff_t>(std::max(y - d, 0)) * width;
            const float* __restrict below =
                values + static_cast<ptrdiff_t>(std::min(y + d, height - 1)) * width;
            const float weight = weights[d];
            for (int x = 0; x < width; ++x) middle[x] += (above[x] + below[x]) * weight;
        }
        std::fill(row, middle, middle[0]);
        std::fill(middle + width, middle + width + reach, middle[width - 1]);
        float* __restrict blurred = out + static_cast<ptrdiff_t>(y) * width;
        for (int x = 0; x < width; ++x) blurred[x] = middle[x] * weights[0];
        for (int d = 1; d <= reach; ++d) {
            const float weight = weights[d];
            for (int x = 0; x < width; ++x) blurred[x] += (middle[x - d] + middle[x + d]) * weight;
        }
    }
}

}  // namespace thermal
