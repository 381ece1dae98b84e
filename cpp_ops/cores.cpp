#include "cores.h"

#include <algorithm>
#include <cstddef>

#include "clones.h"

namespace thermal {
namespace {

// Adds the bits in which two rows of labels differ, and the bits that were added elsewhere.
THERMAL_INLINE void add_differences(const uint8_t* __restrict labels, const uint8_t* __restrict others,
                                    const uint8_t* __restrict elsewhere, int count,
                                    uint8_t* __restrict differences) {
    for (int x = 0; x < count; ++x) {
        differences[x] = static_cast<uint8_t>(differences[x] | elsewhere[x] | (labels[x] ^ others[x]));
    }
}

THERMAL_CLONES void mark_row(const uint8_t* plane, int height, int width, int feather, int y,
                             uint8_t* __restrict column, uint8_t* __restrict marks) {
    const uint8_t* labels = plane + static_cast<ptrdiff_t>(y) * width;
    std::fill_n(column, width, uint8_t{0});
    for (int near = std::max(0, y - feather); near <= std::min(height - 1, y + feather); ++near) {
        const uint8_t* others = plane + static_cast<ptrdiff_t>(near) * width;
        for (int x = 0; x < width; ++x) column[x] = static_cast<uint8_t>(column[x] | (labels[x] ^ others[x]));
    }
    std::copy_n(column, width, marks);
    for (int step = 1; step <= std::min(feather, width - 1); ++step) {
        add_differences(labels, labels + step, column + step, width - step, marks);
        add_differences(labels + step, labels, column, width - step, marks + step);
    }
    for (int x = 0; x < width; ++x) marks[x] = static_cast<uint8_t>(marks[x] == 0);
}

}  // namespace

void CoreMarker::mark(const uint8_t* labels, int height, int width, int feather, int y, uint8_t* marks) {
    column_.resize(width);
    mark_row(labels, height, width, feather, y, column_.data(), marks);
}

}  // namespace thermal
