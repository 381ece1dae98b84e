#include "conditions.h"

#include <cstddef>
#include <cstring>
#include <vector>

#include "clones.h"
#include "parallel.h"
#include "planes.h"
#include "prefetch.h"
#include "refused.h"

namespace thermal {
namespace {

constexpr int kPixels = kCell * kCell;

// edges[x] is 1 where a pixel of a row has a 4-neighbour of another label. `above` and `below` are the row
// itself at the frame's border: outside the frame is not another label.
THERMAL_INLINE void mark_edges(const uint8_t* __restrict above, const uint8_t* __restrict row,
                               const uint8_t* __restrict below, int width, uint8_t* __restrict edges) {
    const auto differs = [&](int x, int before, int after) {
        return static_cast<uint8_t>((row[before] != row[x]) | (row[after] != row[x]) | (above[x] != row[x]) |
                                    (below[x] != row[x]));
    };
    const int last = width - 1;
    edges[0] = differs(0, 0, 1);
    for (int x = 1; x < last; ++x) edges[x] = differs(x, x - 1, x + 1);
    edges[last] = differs(last, last - 1, last);
}

using Bytes = uint8_t __attribute__((vector_size(kPixels)));
using Floats = float __attribute__((vector_size(kCell * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kCell * sizeof(int32_t))));

// The pixels of a cell, row by row.
THERMAL_INLINE Bytes bytes_of(const uint8_t* corner, ptrdiff_t stride) {
    Bytes bytes;
    for (int r = 0; r < kCell; ++r)
        std::memcpy(reinterpret_cast<uint8_t*>(&bytes) + kCell * r, corner + r * stride, kCell);
    return bytes;
}

// Sum of bytes that are 0 or 1.
THERMAL_INLINE int sum_of(const Bytes& bytes) {
    uint64_t halves[2];
    std::memcpy(halves, &bytes, sizeof(bytes));
    return static_cast<int>((halves[0] + halves[1]) * 0x0101010101010101ull >> 56);
}

THERMAL_INLINE bool all_equal(const Bytes& bytes) {
    uint64_t halves[2];
    std::memcpy(halves, &bytes, sizeof(bytes));
    return halves[0] == halves[1] && halves[0] == bytes[0] * 0x0101010101010101ull;
}

// What the layer of one class is told of a cell, as sums over its pixels.
struct CellSums {
    int mask;
    int edge;
    float temperature;
};

// `inside` is 1 on the class.
THERMAL_INLINE CellSums sums_of(const Bytes& inside, const Bytes& edges, const float* thermal_labels,
                                ptrdiff_t stride, float offset) {
    Floats columns = {};
    for (int r = 0; r < kCell; ++r) {
        Ints row;
        for (int i = 0; i < kCell; ++i) row[i] = -static_cast<int32_t>(inside[kCell * r + i]);
        Floats told;
        std::memcpy(&told, thermal_labels + r * stride, sizeof(told));
        told -= offset;
        columns += reinterpret_cast<Floats>(reinterpret_cast<Ints>(told) & row);
    }
    return {sum_of(inside), sum_of(inside & edges), (columns[0] + columns[1]) + (columns[2] + columns[3])};
}

// The same for a class that fills the cell.
THERMAL_INLINE CellSums sums_of_all(const Bytes& edges, const float* thermal_labels, ptrdiff_t stride,
                                    float offset) {
    Floats columns = {};
    for (int r = 0; r < kCell; ++r) {
        Floats told;
        std::memcpy(&told, thermal_labels + r * stride, sizeof(told));
        columns += told - offset;
    }
    return {kPixels, sum_of(edges), (columns[0] + columns[1]) + (columns[2] + columns[3])};
}

// The planes of all classes, each [height / 4, width / 4], three to a class.
struct Planes {
    float* planes;
    ptrdiff_t cells;
    float per_kelvin;

    THERMAL_INLINE bool has(int label, ptrdiff_t cell) const {
        return planes[3 * label * cells + cell] != 0.0f;
    }

    THERMAL_INLINE void write(int label, ptrdiff_t cell, const CellSums& sums) const {
        float* first = planes + 3 * label * cells + cell;
        first[0] = static_cast<float>(sums.mask) / kPixels;
        first[cells] = static_cast<float>(sums.edge) / kPixels;
        first[2 * cells] = sums.temperature * per_kelvin;
    }
};

// Writes the row of cells from pixel row y on; the planes hold zeros. Returns a label that is not below
// `classes`, or -1.
THERMAL_CLONES int write_row(const uint8_t* labels, const float* thermal_labels, int height, int width,
                             int classes, float offset, int y, uint8_t* edges, const Planes& planes) {
    const ptrdiff_t start = static_cast<ptrdiff_t>(y) * width;
    for (int r = 0; r < kCell; ++r) {
        const uint8_t* row = labels + start + static_cast<ptrdiff_t>(r) * width;
        prefetch_below(thermal_labels + (row - labels), width, width, height - y - r);
        mark_edges(y + r > 0 ? row - width : row, row, y + r < height - 1 ? row + width : row, width,
                   edges + static_cast<ptrdiff_t>(r) * width);
    }
    for (int x = 0; x < width; x += kCell) {
        const ptrdiff_t cell = (start / kCell + x) / kCell;
        const Bytes own = bytes_of(labels + start + x, width);
        const Bytes at_edge = bytes_of(edges + x, width);
        const float* told = thermal_labels + start + x;
        if (all_equal(own)) {
            if (own[0] >= classes) return own[0];
            planes.write(own[0], cell, sums_of_all(at_edge, told, width, offset));
            continue;
        }
        for (int i = 0; i < kPixels; ++i) {
            if (own[i] >= classes) return own[i];
            if (planes.has(own[i], cell)) continue;  // written for an earlier pixel of the class
            const Bytes inside = reinterpret_cast<Bytes>(own == own[i]) & 1;
            planes.write(own[i], cell, sums_of(inside, at_edge, told, width, offset));
        }
    }
    return -1;
}

}  // namespace

void conditions(const uint8_t* labels, const float* thermal_labels, int height, int width, int classes,
                ThermalCoding coding, int threads, float* out) {
    const int rows = height / kCell;
    std::memset(out, 0, sizeof(float) * 3 * classes * rows * (width / kCell));
    const Planes planes{out, static_cast<ptrdiff_t>(rows) * (width / kCell), 1.0f / (kPixels * coding.scale)};
    const int stray_label = parallel_rows(threads, rows, [&](int row) {
        thread_local std::vector<uint8_t> edges;
        edges.resize(static_cast<size_t>(kCell) * width);
        return write_row(labels, thermal_labels, height, width, classes, coding.offset, kCell * row,
                         edges.data(), planes);
    });
    if (stray_label >= 0) refuse_label(stray_label, classes);
}

}  // namespace thermal
