#include "patches.h"

#include <algorithm>
#include <limits>

namespace thermal {
namespace {

// Where the contrasts of a patch are right.
PixelBox right_part(const Patch& patch, int feather) {
    const PixelBox& core = patch.core;
    const PixelBox& box = patch.box;
    return {std::max(box.top, core.top - feather), std::max(box.left, core.left - feather),
            std::min(box.bottom, core.bottom + feather), std::min(box.right, core.right + feather)};
}

}  // namespace

void RowPatches::begin(const std::vector<Patch>& patches, int feather) {
    patches_ = &patches;
    feather_ = feather;
    until_ = 0;
    labels_ = 0;
    for (const Patch& patch : patches) labels_ = std::max(labels_, patch.label + 1);
    rows_.resize(std::max<size_t>(rows_.size(), labels_));  // what shrinks would let go of memory
}

void RowPatches::turn_to(int y) {
    y_ = y;
    if (y < until_) return;
    until_ = std::numeric_limits<int>::max();
    for (std::vector<PatchRow>& rows : rows_) rows.clear();
    for (const Patch& patch : *patches_) {
        const PixelBox right = right_part(patch, feather_);
        if (y < right.top) {
            until_ = std::min(until_, right.top);
        } else if (y < right.bottom) {
            until_ = std::min(until_, right.bottom);
            rows_[patch.label].push_back({right.left, right.right, &patch});
        }
    }
}

const float* RowPatches::segment(int label, int x, int count, float* gathered) const {
    const std::vector<PatchRow>& rows = rows_[label];
    if (rows.empty()) return nullptr;
    for (const PatchRow& row : rows) {
        if (row.begin <= x && x + count <= row.end) return row.patch->at(y_, x);
    }
    std::fill_n(gathered, count, 0.0f);
    // Where patches overlap the first one counts, as for `find`.
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        const int begin = std::max(x, row->begin);
        const int end = std::min(x + count, row->end);
        if (begin < end) std::copy_n(row->patch->at(y_, begin), end - begin, gathered + (begin - x));
    }
    return gathered;
}

}  // namespace thermal
