#include "objects.h"

#include <cstddef>

#include "cores.h"
#include "scan.h"

namespace thermal {
namespace {

// Pixels of one row that follow each other and are of one object.
struct ObjectRun {
    int32_t begin;
    int32_t end;
    int32_t parent;  // place of a run of the same object, at most this run's own
    int32_t object;
};

// Every run of a class map, and the place of the first one of each row.
struct ObjectRuns {
    std::vector<ObjectRun> runs;
    std::vector<int32_t> row_starts;

    int32_t size() const { return static_cast<int32_t>(runs.size()); }
};

int32_t root_of(std::vector<ObjectRun>& runs, int32_t run) {
    while (runs[run].parent != run) {
        runs[run].parent = runs[runs[run].parent].parent;
        run = runs[run].parent;
    }
    return run;
}

// The older root wins: it is the run with the component's first pixel.
void unite(std::vector<ObjectRun>& runs, int32_t a, int32_t b) {
    a = root_of(runs, a);
    b = root_of(runs, b);
    if (a < b) {
        runs[b].parent = a;
    } else {
        runs[a].parent = b;
    }
}

// Unites the runs of a row with the runs of the row above that they touch and share a label with.
void unite_rows(std::vector<ObjectRun>& runs, int32_t above, int32_t here, int32_t end,
                const uint8_t* labels_above, const uint8_t* labels_here) {
    const int32_t first_here = here;
    while (above < first_here && here < end) {
        if (labels_above[runs[above].begin] == labels_here[runs[here].begin] &&
            runs[above].begin < runs[here].end && runs[here].begin < runs[above].end) {
            unite(runs, above, here);
        }
        if (runs[above].end < runs[here].end) {
            ++above;
        } else {
            ++here;
        }
    }
}

// Objects are 4-connected areas of one label. Returns how many.
int find_components(const uint8_t* labels, int height, int width, ObjectRuns& found) {
    std::vector<ObjectRun>& runs = found.runs;
    for (int y = 0; y < height; ++y) {
        const uint8_t* row = labels + static_cast<ptrdiff_t>(y) * width;
        const int32_t first = found.row_starts[y] = found.size();
        for (int x = 0; x < width;) {
            const int end = end_of_bytes(row, row[x], x, width);
            runs.push_back({x, end, found.size(), 0});
            x = end;
        }
        if (y > 0) unite_rows(runs, found.row_starts[y - 1], first, found.size(), row - width, row);
    }
    int count = 0;
    for (int32_t i = 0; i < found.size(); ++i) {
        const int32_t root = root_of(runs, i);
        runs[i].object = root == i ? count++ : runs[root].object;
    }
    return count;
}

// Numbers of the pairs of label and instance. Keeps its memory from map to map.
class PairNumbers {
  public:
    void clear() {
        for (bool& seen : seen_) seen = false;
        count_ = 0;
    }

    int32_t number(uint8_t label, uint16_t instance) {
        constexpr int kInstances = 65536;
        std::vector<int32_t>& of_label = numbers_[label];
        if (!seen_[label]) of_label.assign(kInstances, kUnseen);
        seen_[label] = true;
        int32_t& number = of_label[instance];
        if (number == kUnseen) number = count_++;
        return number;
    }

    int count() const { return count_; }

  private:
    static constexpr int kLabels = 256;
    static constexpr int32_t kUnseen = -1;

    std::vector<int32_t> numbers_[kLabels];  // by label, then by instance
    bool seen_[kLabels] = {};
    int count_ = 0;
};

// Objects are the distinct pairs of label and instance. Returns how many.
int find_instances(const uint8_t* labels, const uint16_t* instances, int height, int width,
                   ObjectRuns& found) {
    thread_local PairNumbers pairs;
    pairs.clear();
    for (int y = 0; y < height; ++y) {
        const uint8_t* row = labels + static_cast<ptrdiff_t>(y) * width;
        const uint16_t* ids = instances + static_cast<ptrdiff_t>(y) * width;
        found.row_starts[y] = found.size();
        for (int x = 0; x < width;) {
            const int label_end = end_of_bytes(row, row[x], x, width);
            int end = x + 1;
            while (end < label_end && ids[end] == ids[x]) ++end;
            found.runs.push_back({x, end, found.size(), pairs.number(row[x], ids[x])});
            x = end;
        }
    }
    return pairs.count();
}

}  // namespace

void ObjectMap::analyse(const uint8_t* labels, const uint16_t* instances, int height, int width) {
    thread_local ObjectRuns found;
    thread_local CoreMarker marker;
    thread_local std::vector<uint8_t> cores;
    found.runs.clear();
    found.row_starts.resize(height + 1);
    const int count = instances == nullptr ? find_components(labels, height, width, found)
                                           : find_instances(labels, instances, height, width, found);
    found.row_starts[height] = found.size();

    height_ = height;
    width_ = width;
    runs_.clear();
    row_starts_.resize(height + 1);
    pixels_.assign(count, Pixels{});
    cores.resize(width);
    for (int y = 0; y < height; ++y) {
        const uint8_t* row = labels + static_cast<ptrdiff_t>(y) * width;
        marker.mark(labels, height, width, feather_, y, cores.data());
        row_starts_[y] = static_cast<int32_t>(runs_.size());
        for (int32_t i = found.row_starts[y]; i < found.row_starts[y + 1]; ++i) {
            const ObjectRun& run = found.runs[i];
            cut({run.begin, run.end, run.object, row[run.begin], false}, cores.data());
        }
    }
    row_starts_[height] = static_cast<int32_t>(runs_.size());
}

// Adds a run of an object, cut where its core begins and ends.
void ObjectMap::cut(Run run, const uint8_t* cores) {
    Pixels& pixels = pixels_[run.object];
    const int32_t last = run.end;
    while (run.begin < last) {
        run.core = cores[run.begin] != 0;
        run.end = end_of_bytes(cores, cores[run.begin], run.begin, last);
        (run.core ? pixels.core : pixels.rim) += run.end - run.begin;
        runs_.push_back(run);
        run.begin = run.end;
    }
}

}  // namespace thermal
