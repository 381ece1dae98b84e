#include "objects.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "clones.h"
#include "refused.h"
#include "scan.h"

namespace thermal {
namespace {

// Pixels of one row that follow each other and belong together.
struct Run {
    int32_t begin;
    int32_t end;
    int32_t parent;  // index of a run of the same component, at most this run's own
    int32_t object;
};

int32_t root_of(std::vector<Run>& runs, int32_t run) {
    while (runs[run].parent != run) {
        runs[run].parent = runs[runs[run].parent].parent;
        run = runs[run].parent;
    }
    return run;
}

// The older root wins: it is the run with the component's first pixel.
void unite(std::vector<Run>& runs, int32_t a, int32_t b) {
    a = root_of(runs, a);
    b = root_of(runs, b);
    if (a < b) {
        runs[b].parent = a;
    } else {
        runs[a].parent = b;
    }
}

// Unites the runs of a row with the runs of the row above that they touch and share a label with.
void unite_rows(std::vector<Run>& runs, int32_t above, int32_t here, int32_t end, const uint8_t* labels_above,
                const uint8_t* labels_here) {
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

THERMAL_CLONES void id_range(const int32_t* objects, ptrdiff_t pixels, int32_t* lowest, int32_t* highest) {
    int32_t low = 0;
    int32_t high = 0;
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        low = objects[i] < low ? objects[i] : low;
        high = objects[i] > high ? objects[i] : high;
    }
    *lowest = low;
    *highest = high;
}

// Most blocks lie in one object, which spares the look-up by pixel.
THERMAL_CLONES void paint_pixels(const int32_t* objects, ptrdiff_t pixels, const float* values,
                                 float* __restrict out) {
    constexpr int kBlock = 16;
    ptrdiff_t start = 0;
    for (; start + kBlock <= pixels; start += kBlock) {
        const int32_t* block = objects + start;
        const int32_t object = block[0];
        int32_t differences = 0;
        for (int i = 0; i < kBlock; ++i) differences |= block[i] ^ object;
        if (differences == 0) {
            for (int i = 0; i < kBlock; ++i) out[start + i] = values[object];
        } else {
            for (int i = 0; i < kBlock; ++i) out[start + i] = values[block[i]];
        }
    }
    for (; start < pixels; ++start) out[start] = values[objects[start]];
}

void refuse_ids(int32_t id, ptrdiff_t count) {
    throw Refused("InputError",
                  "objects hold the id " + std::to_string(id) + "; ids run from 0 to " +
                      std::to_string(count - 1) + ".",
                  "Number objects with thermalsdk.compositing.connected_components.");
}

}  // namespace

int connected_components(const uint8_t* labels, int height, int width, int32_t* objects) {
    thread_local std::vector<Run> runs;
    thread_local std::vector<int32_t> row_starts;
    runs.clear();
    row_starts.resize(height + 1);
    for (int y = 0; y < height; ++y) {
        const uint8_t* row = labels + static_cast<ptrdiff_t>(y) * width;
        row_starts[y] = static_cast<int32_t>(runs.size());
        for (int x = 0; x < width;) {
            const int end = end_of_bytes(row, row[x], x, width);
            const int32_t index = static_cast<int32_t>(runs.size());
            runs.push_back({x, end, index, 0});
            x = end;
        }
        if (y > 0) {
            unite_rows(runs, row_starts[y - 1], row_starts[y], static_cast<int32_t>(runs.size()), row - width,
                       row);
        }
    }
    row_starts[height] = static_cast<int32_t>(runs.size());

    int count = 0;
    for (int y = 0; y < height; ++y) {
        int32_t* row = objects + static_cast<ptrdiff_t>(y) * width;
        for (int32_t i = row_starts[y]; i < row_starts[y + 1]; ++i) {
            const int32_t root = root_of(runs, i);
            runs[i].object = root == i ? count++ : runs[root].object;
            std::fill(row + runs[i].begin, row + runs[i].end, runs[i].object);
        }
    }
    return count;
}

int instance_objects(const uint8_t* labels, const uint16_t* instances, int height, int width,
                     int32_t* objects) {
    constexpr int32_t kUnseen = -1;
    thread_local std::vector<std::vector<int32_t>> ids(256);  // by label, then by instance
    bool seen[256] = {};
    const ptrdiff_t pixels = static_cast<ptrdiff_t>(height) * width;
    int count = 0;
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        if (i > 0 && labels[i] == labels[i - 1] && instances[i] == instances[i - 1]) {
            objects[i] = objects[i - 1];
            continue;
        }
        std::vector<int32_t>& of_label = ids[labels[i]];
        if (!seen[labels[i]]) of_label.assign(65536, kUnseen);
        seen[labels[i]] = true;
        int32_t& id = of_label[instances[i]];
        if (id == kUnseen) id = count++;
        objects[i] = id;
    }
    return count;
}

void check_ids(int32_t lowest, int32_t highest, ptrdiff_t count) {
    if (lowest < 0) refuse_ids(lowest, count);
    if (highest >= count) refuse_ids(highest, count);
}

int object_count(const int32_t* objects, int height, int width) {
    const ptrdiff_t pixels = static_cast<ptrdiff_t>(height) * width;
    int32_t lowest;
    int32_t highest;
    id_range(objects, pixels, &lowest, &highest);
    check_ids(lowest, highest, pixels);
    return highest + 1;
}

void paint(const int32_t* objects, int height, int width, const float* values, int count, float* out) {
    check_ids(0, object_count(objects, height, width) - 1, count);
    paint_pixels(objects, static_cast<ptrdiff_t>(height) * width, values, out);
}

void object_means(const int32_t* objects, int height, int width, int count, const float* values, int stride,
                  float* means) {
    check_ids(0, object_count(objects, height, width) - 1, count);
    const int columns = (width + stride - 1) / stride;
    thread_local std::vector<double> sums;
    thread_local std::vector<int64_t> pixels;
    sums.assign(count, 0.0);
    pixels.assign(count, 0);
    for (int y = 0; y < height; ++y) {
        const int32_t* row = objects + static_cast<ptrdiff_t>(y) * width;
        const float* values_row = values + static_cast<ptrdiff_t>(y / stride) * columns;
        for (int column = 0; column < columns; ++column) {
            const double value = values_row[column];
            const int end = std::min(width, (column + 1) * stride);
            for (int x = column * stride; x < end;) {
                const int start = x;
                const int32_t object = row[x];
                while (++x < end && row[x] == object) {
                }
                sums[object] += value * (x - start);
                pixels[object] += x - start;
            }
        }
    }
    for (int object = 0; object < count; ++object) {
        means[object] = pixels[object] > 0
                            ? static_cast<float>(sums[object] / static_cast<double>(pixels[object]))
                            : std::numeric_limits<float>::quiet_NaN();
    }
}

}  // namespace thermal
