// The rows of a frame that one row of the composition looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "composite.h"

namespace thermal {

// Columns that are worked on together.
constexpr int kSegment = 16;

// The last 2 * feather + 1 rows of the frame, widened with replicated edges: by the feather at the left, at
// the right so that kMaxFeather columns may be read on both sides of any segment.
class RowWindow {
  public:
    // Sets the size, before the first row of a band is loaded. The memory only grows.
    void fit(int width, int feather);

    // Keeps row y of the frame instead of row y - 2 * feather - 1. Takes the objects' mean contrasts.
    void load(const CompositeInput& input, const std::vector<float>& means, int y);

    // Widened rows: index 0 is column -feather of the frame.
    const float* base(int y) const { return base_.data() + slot_of(y); }
    const int32_t* labels(int y) const { return labels_.data() + slot_of(y); }

  private:
    size_t slot_of(int y) const { return static_cast<size_t>(y % rows_) * stride_; }

    template <typename T>
    void widen(std::vector<T>& plane, int y, int width);

    int feather_ = 0, rows_ = 0, stride_ = 0;
    std::vector<float> base_;
    std::vector<int32_t> labels_;  // as wide as the floats that they select
};

}  // namespace thermal
