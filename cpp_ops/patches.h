// What the layers made of the frame: contrasts of boxes around their classes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace thermal {

// Edges in pixels; bottom and right are exclusive.
struct PixelBox {
    int top;
    int left;
    int bottom;
    int right;

    ptrdiff_t area() const { return static_cast<ptrdiff_t>(bottom - top) * (right - left); }
};

// One run of one layer: the contrasts of a box, row-major, right on its core and the feather around it. The
// cores of a class hold every pixel of it once.
struct Patch {
    int label;
    PixelBox core;
    PixelBox box;
    const float* contrasts;

    int stride() const { return box.right - box.left; }

    const float* at(int y, int x) const {
        return contrasts + static_cast<ptrdiff_t>(y - box.top) * stride() + (x - box.left);
    }
};

// The part of a patch that is right in one row.
struct PatchRow {
    int begin;
    int end;
    const Patch* patch;
};

// Finds the contrasts of a row's pixels. Kept by a thread from frame to frame.
class RowPatches {
  public:
    // Before the first row of a frame. The patches must outlive the rows.
    void begin(const std::vector<Patch>& patches, int feather);

    // Turns to row y.
    void turn_to(int y);

    // One more than the highest label of a patch.
    int labels() const { return labels_; }

    // What holds the contrast of a label at column x, or null.
    const PatchRow* find(int label, int x) const {
        if (label >= labels()) return nullptr;
        for (const PatchRow& row : rows_[label]) {
            if (row.begin <= x && x < row.end) return &row;
        }
        return nullptr;
    }

    // The first column from `begin` on, or `end`, where the contrast of a label is in no patch.
    int end_of_patches(int label, int begin, int end) const {
        while (begin < end) {
            const PatchRow* row = find(label, begin);
            if (row == nullptr) return begin;
            begin = std::min(end, row->end);
        }
        return end;
    }

    // Contrasts of a label in the columns [x, x + count), zero where no patch has them; null where none does.
    // They are in a patch or in `gathered`, which has room for `count`.
    const float* segment(int label, int x, int count, float* gathered) const;

  private:
    const std::vector<Patch>* patches_ = nullptr;
    int feather_ = 0, labels_ = 0;
    int y_ = 0, until_ = 0;                    // the row, and the one at which a patch begins or ends next
    std::vector<std::vector<PatchRow>> rows_;  // by label
};

}  // namespace thermal
