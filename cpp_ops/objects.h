// Objects: the areas of a class map that have one temperature each.
#pragma once

#include <cstdint>
#include <vector>

namespace thermal {

// Pixels of one row that follow each other and are of one object, all of them in its core or none. A core's
// pixels have windows of one class.
struct Run {
    int32_t begin;
    int32_t end;
    int32_t object;
    uint8_t label;
    bool core;
};

// The runs of one row, from left to right.
class RowRuns {
  public:
    RowRuns(const Run* first, const Run* last) : first_(first), last_(last) {}
    const Run* begin() const { return first_; }
    const Run* end() const { return last_; }

  private:
    const Run* first_;
    const Run* last_;
};

// The objects of one class map, run by run. Keeps its memory from map to map.
class ObjectMap {
  public:
    // A pixel's window has 2 * feather + 1 pixels a side.
    explicit ObjectMap(int feather) : feather_(feather) {}

    // Without instances (null) objects are 4-connected areas of one label, with them distinct pairs of label
    // and instance, connected or not. They are numbered in raster order of their first pixels.
    void analyse(const uint8_t* labels, const uint16_t* instances, int height, int width);

    int feather() const { return feather_; }
    int height() const { return height_; }
    int width() const { return width_; }
    int count() const { return static_cast<int>(pixels_.size()); }

    RowRuns row(int y) const { return {runs_.data() + row_starts_[y], runs_.data() + row_starts_[y + 1]}; }

    // The pixels whose contrasts make an object's mean: those of its core, or all where it has none.
    bool is_measured(const Run& run) const { return run.core || pixels_[run.object].core == 0; }
    int measured_pixels(int object) const {
        return pixels_[object].core > 0 ? pixels_[object].core : pixels_[object].rim;
    }

  private:
    // How many pixels an object has in its core, and outside of it.
    struct Pixels {
        int32_t core = 0;
        int32_t rim = 0;
    };

    void cut(Run run, const uint8_t* cores);

    int feather_;
    int height_ = 0, width_ = 0;
    std::vector<Run> runs_;
    std::vector<int32_t> row_starts_{0};  // places in runs_, one more than there are rows
    std::vector<Pixels> pixels_;          // by object
};

}  // namespace thermal
