#include "row_window.h"

#include <algorithm>
#include <cstddef>

#include "clones.h"
#include "pixel.h"
#include "prefetch.h"

namespace thermal {
namespace {

// Base temperatures of one row, run by run.
THERMAL_CLONES void base_row(const CompositeInput& input, const MeasuredObjects& objects, int y,
                             float* __restrict base) {
    const float contrast_kelvin = input.contrast_kelvin;
    const float* __restrict thermal_labels = input.thermal_labels + static_cast<ptrdiff_t>(y) * input.width;
    prefetch_below(thermal_labels, input.width, input.width, input.height - y);
    for (const ObjectRun& run : objects.rows[y]) {
        const float mean = objects.mean_contrasts[run.object];
        for (int x = run.begin; x < run.end; ++x)
            base[x] = base_temperature(thermal_labels[x], contrast_kelvin, mean);
    }
}

}  // namespace

void RowWindow::fit(int width, int feather) {
    feather_ = feather;
    rows_ = 2 * feather + 1;
    stride_ = std::max(width, kSegment) + 2 * kMaxFeather;
    base_.resize(static_cast<size_t>(rows_) * stride_);
    labels_.resize(base_.size());
}

void RowWindow::load(const CompositeInput& input, const MeasuredObjects& objects, int y) {
    base_row(input, objects, y, base_.data() + slot_of(y) + feather_);
    widen(base_, y, input.width);
    const uint8_t* labels = input.labels + static_cast<ptrdiff_t>(y) * input.width;
    std::copy_n(labels, input.width, labels_.data() + slot_of(y) + feather_);
    widen(labels_, y, input.width);
}

template <typename T>
void RowWindow::widen(std::vector<T>& plane, int y, int width) {
    T* row = plane.data() + slot_of(y);
    std::fill(row, row + feather_, row[feather_]);
    std::fill(row + feather_ + width, row + stride_, row[feather_ + width - 1]);
}

}  // namespace thermal
