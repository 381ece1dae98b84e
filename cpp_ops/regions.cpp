#include "regions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "refused.h"

namespace thermal {
namespace {

constexpr int kLabels = 256;

constexpr int kWord = 64;

int lowest_bit(uint64_t bits) { return __builtin_ctzll(bits); }
int highest_bit(uint64_t bits) { return kWord - 1 - __builtin_clzll(bits); }

// The occupied cells of a class, as one bit per place of each line.
class Lines {
  public:
    void clear(int lines, int places) {
        words_ = (places + kWord - 1) / kWord;
        bits_.assign(static_cast<size_t>(lines) * words_, 0);
    }

    void occupy(int line, int place) { bits_[at(line, place / kWord)] |= uint64_t{1} << place % kWord; }

    // First and last occupied place of a line in [begin, end), or -1 and -1.
    void extent(int line, int begin, int end, int* first, int* last) const {
        *first = *last = -1;
        for (int word = begin / kWord; word * kWord < end; ++word) {
            uint64_t bits = bits_[at(line, word)];
            if (begin > word * kWord) bits &= ~uint64_t{0} << begin % kWord;
            if (end < (word + 1) * kWord) bits &= (uint64_t{1} << end % kWord) - 1;
            if (bits == 0) continue;
            if (*first < 0) *first = word * kWord + lowest_bit(bits);
            *last = word * kWord + highest_bit(bits);
        }
    }

  private:
    size_t at(int line, int word) const { return static_cast<size_t>(line) * words_ + word; }

    int words_ = 0;
    std::vector<uint64_t> bits_;
};

// Where one class is, seen along both axes.
struct Occupied {
    Lines rows, columns;

    void clear(int row_count, int column_count) {
        rows.clear(row_count, column_count);
        columns.clear(column_count, row_count);
    }

    void occupy(int row, int column) {
        rows.occupy(row, column);
        columns.occupy(column, row);
    }
};

// Keeps its memory from frame to frame.
class Planner {
  public:
    std::vector<PlannedRegion> regions;

    void begin(int rows, int columns, const RegionRules& rules) {
        rows_ = rows;
        columns_ = columns;
        rules_ = &rules;
        regions.clear();
    }

    // Adds the regions of a class.
    void plan(int class_id, const Occupied& cells) {
        cells_ = &cells;
        const CellBox frame{0, 0, rows_, columns_};
        sweep(frame, true, false, before_);
        const CellBox occupied = before_.back();
        if (occupied.top >= 0) split(class_id, occupied);
    }

  private:
    // Cuts a box in two where that is cheapest, as long as it is cheaper than the box itself.
    void split(int class_id, const CellBox& core) {
        int64_t best = cost(core);
        CellBox first = core;
        CellBox second = core;
        bool cut = false;
        for (const bool by_rows : {true, false}) {
            const int begin = by_rows ? core.top : core.left;
            const int end = by_rows ? core.bottom : core.right;
            sweep(core, by_rows, false, before_);
            sweep(core, by_rows, true, after_);
            for (int at = begin + 1; at < end; ++at) {
                const CellBox& one = before_[at - 1 - begin];
                const CellBox& two = after_[at - begin];
                const int64_t price = cost(one) + cost(two);
                if (price < best) {
                    best = price;
                    first = one;
                    second = two;
                    cut = true;
                }
            }
        }
        if (!cut) {
            regions.push_back({class_id, core, boxed(core)});
            return;
        }
        split(class_id, first);
        split(class_id, second);
    }

    // Bounds of the occupied cells in the lines of a box up to each line, or from each line on.
    void sweep(const CellBox& box, bool by_rows, bool backwards, std::vector<CellBox>& bounds) {
        const int begin = by_rows ? box.top : box.left;
        const int count = (by_rows ? box.bottom : box.right) - begin;
        bounds.resize(count);
        int low = -1, high = -1, nearest = -1, farthest = -1;
        for (int step = 0; step < count; ++step) {
            const int i = backwards ? count - 1 - step : step;
            int first, last;
            if (by_rows) {
                cells_->rows.extent(begin + i, box.left, box.right, &first, &last);
            } else {
                cells_->columns.extent(begin + i, box.top, box.bottom, &first, &last);
            }
            if (first >= 0) {
                low = low < 0 ? first : std::min(low, first);
                high = std::max(high, last);
                nearest = nearest < 0 ? begin + i : std::min(nearest, begin + i);
                farthest = std::max(farthest, begin + i);
            }
            bounds[i] = by_rows ? CellBox{nearest, low, farthest + 1, high + 1}
                                : CellBox{low, nearest, high + 1, farthest + 1};
        }
    }

    int64_t cost(const CellBox& core) const {
        return rules_->overhead + static_cast<int64_t>(side(core.top, core.bottom, rows_)) *
                                      side(core.left, core.right, columns_);
    }

    // Cells that a box needs along one axis to hold [begin, end) and what is seen around it.
    int side(int begin, int end, int limit) const {
        const int needed = std::min(limit, end + rules_->growth) - std::max(0, begin - rules_->growth);
        const auto fit = std::lower_bound(rules_->sizes.begin(), rules_->sizes.end(), needed);
        return fit == rules_->sizes.end() ? limit : std::min(*fit, limit);
    }

    CellBox boxed(const CellBox& core) const {
        const int height = side(core.top, core.bottom, rows_);
        const int width = side(core.left, core.right, columns_);
        const int top = std::min(std::max(0, core.top - rules_->growth), rows_ - height);
        const int left = std::min(std::max(0, core.left - rules_->growth), columns_ - width);
        return {top, left, top + height, left + width};
    }

    int rows_ = 0;
    int columns_ = 0;
    const RegionRules* rules_ = nullptr;
    const Occupied* cells_ = nullptr;
    std::vector<CellBox> before_, after_;  // of the box that is being cut
};

// The set of labels in a block of kRegionCell pixels a side, one bit each.
using LabelSet = std::array<uint64_t, 4>;

LabelSet labels_in(const uint8_t* corner, int width) {
    LabelSet found{};
    uint64_t seen = 0;
    bool first = true;
    for (int y = 0; y < kRegionCell; ++y) {
        const uint8_t* row = corner + static_cast<ptrdiff_t>(y) * width;
        uint64_t eight;
        std::memcpy(&eight, row, sizeof(eight));
        if (!first && eight == seen) continue;  // most rows are like the one above
        seen = eight;
        first = false;
        for (int x = 0; x < kRegionCell; ++x) found[row[x] / 64] |= uint64_t{1} << row[x] % 64;
    }
    return found;
}

}  // namespace

const std::vector<PlannedRegion>& plan_regions(const uint8_t* labels, int height, int width, int classes,
                                               const RegionRules& rules) {
    const int rows = height / rules.cell();
    const int columns = width / rules.cell();
    thread_local Planner planner;
    thread_local Occupied occupied[kLabels];  // cells by label
    bool present[kLabels] = {};
    for (int top = 0; top < height; top += kRegionCell) {
        for (int left = 0; left < width; left += kRegionCell) {
            const LabelSet found = labels_in(labels + static_cast<ptrdiff_t>(top) * width + left, width);
            for (int word = 0; word < kLabels / 64; ++word) {
                for (uint64_t rest = found[word]; rest != 0; rest &= rest - 1) {
                    const int label = word * 64 + lowest_bit(rest);
                    if (!present[label]) occupied[label].clear(rows, columns);
                    present[label] = true;
                    occupied[label].occupy(top / rules.cell(), left / rules.cell());
                }
            }
        }
    }
    planner.begin(rows, columns, rules);
    for (int k = 0; k < kLabels; ++k) {
        if (!present[k]) continue;
        if (k >= classes) refuse_label(k, classes);
        planner.plan(k, occupied[k]);
    }
    return planner.regions;
}

}  // namespace thermal
