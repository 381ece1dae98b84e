#include "row_window.h"

#include <algorithm>
#include <cstddef>

#include "clones.h"
#include "pixel.h"
#include "prefetch.h"

namespace thermal {
namespace {

// Base temperatures and labels of one row, run by run.
THERMAL_CLONES void load_row(const CompositeInput& input, const float* means, int y, float* __restrict base,
                             int32_t* __restrict labels) {
    const ObjectMap& objects = input.objects;
    const float contrast_kelvin = input.contrast_kelvin;
    const float* __restrict thermal_labels =
        input.thermal_labels + static_cast<ptrdiff_t>(y) * objects.width();
    prefetch_below(thermal_labels, objects.width(), objects.width(), objects.height() - y);
    for (const Run& run : objects.row(y)) {
        const float mean = means[run.object];
        const int32_t label = run.label;
        for (int x = run.begin; x < run.end; ++x) {
            base[x] = base_temperature(thermal_labels[x], contrast_kelvin, mean);
            labels[x] = label;
        }
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

void RowWindow::load(const CompositeInput& input, const std::vector<float>& means, int y) {
    load_row(input, means.data(), y, base_.data() + slot_of(y) + feather_,
             labels_.data() + slot_of(y) + feather_);
    widen(base_, y, input.objects.width());
    widen(labels_, y, input.objects.width());
}

template <typename T>
void RowWindow::widen(std::vector<T>& plane, int y, int width) {
    T* row = plane.data() + slot_of(y);
    std::fill(row, row + feather_, row[feather_]);
    std::fill(row + feather_ + width, row + stride_, row[feather_ + width - 1]);
}

}  // namespace thermal
