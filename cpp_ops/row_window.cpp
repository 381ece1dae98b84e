#include "row_window.h"

#include <algorithm>

#include "clones.h"

namespace thermal {
namespace {

template <int Count>
THERMAL_INLINE bool all_equal(const int32_t* values) {
    int32_t difference = 0;
    for (int i = 0; i < Count; ++i) difference |= values[i] ^ values[0];
    return difference == 0;
}

// Base temperatures of one row. Most blocks lie in one object, which spares the look-up by pixel.
THERMAL_CLONES void base_row(const FrameView& frame, int y, float* __restrict base) {
    constexpr int kBlock = 16;
    const int width = frame.width;
    const float contrast_kelvin = frame.contrast_kelvin;
    const float* __restrict thermal_labels = frame.thermal_labels + frame.at(y, 0);
    const float* __restrict means = frame.object_means;
    const int32_t* __restrict objects = frame.objects + frame.at(y, 0);
    int x = 0;
    for (; x + kBlock <= width; x += kBlock) {
        const float mean = means[objects[x]];
        if (all_equal<kBlock>(objects + x)) {
            for (int i = x; i < x + kBlock; ++i)
                base[i] = base_temperature(thermal_labels[i], contrast_kelvin, mean);
        } else {
            for (int i = x; i < x + kBlock; ++i) {
                base[i] = base_temperature(thermal_labels[i], contrast_kelvin, means[objects[i]]);
            }
        }
    }
    for (; x < width; ++x) base[x] = base_temperature(thermal_labels[x], contrast_kelvin, means[objects[x]]);
}

// Columns that whole segments of a row take.
int segmented(int width) { return (width + kSegment - 1) / kSegment * kSegment; }

}  // namespace

void RowWindow::fit(int width, int feather) {
    feather_ = feather;
    rows_ = 2 * feather + 1;
    stride_ = segmented(width) + 2 * feather;
    base_.resize(static_cast<size_t>(rows_) * stride_);
    labels_.resize(base_.size());
}

void RowWindow::load(const FrameView& frame, int y) {
    base_row(frame, y, base_.data() + slot_of(y) + feather_);
    widen(base_, y, frame.width);
    std::copy_n(frame.labels + frame.at(y, 0), frame.width, labels_.data() + slot_of(y) + feather_);
    widen(labels_, y, frame.width);
}

template <typename T>
void RowWindow::widen(std::vector<T>& plane, int y, int width) {
    T* row = plane.data() + slot_of(y);
    std::fill(row, row + feather_, row[feather_]);
    std::fill(row + feather_ + width, row + stride_, row[feather_ + width - 1]);
}

}  // namespace thermal
