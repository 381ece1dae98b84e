#include "planes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "clones.h"
#include "refused.h"

namespace thermal {
namespace {

constexpr int kCell = 4;

// Adds `columns` pixels of a row of the class's mask, edge and offset temperature to the column sums of a row
// of cells. `above` and `below` are the row itself at the frame's border, `inner_left` and `inner_right` say
// whether the pixels go on to either side: outside the frame is not another class.
THERMAL_INLINE void add_condition_row(const uint8_t* above, const uint8_t* row, const uint8_t* below,
                                      const float* thermal_labels, int columns, bool inner_left,
                                      bool inner_right, uint8_t class_id, float offset, uint8_t* mask,
                                      uint8_t* edge, float* temperature) {
    const auto add = [&](int x, int before, int after) {
        const bool inside = row[x] == class_id;
        const bool at_edge = (row[before] != class_id) | (row[after] != class_id) | (above[x] != class_id) |
                             (below[x] != class_id);
        mask[x] += inside;
        edge[x] += inside & at_edge;
    };
    const int last = columns - 1;
    add(0, inner_left ? -1 : 0, inner_right || last > 0 ? 1 : 0);
    for (int x = 1; x < last; ++x) {
        const bool inside = row[x] == class_id;
        const bool at_edge = (row[x - 1] != class_id) | (row[x + 1] != class_id) | (above[x] != class_id) |
                             (below[x] != class_id);
        mask[x] += inside;
        edge[x] += inside & at_edge;
    }
    add(last, last - 1, inner_right ? columns : last);
    for (int x = 0; x < columns; ++x) {
        temperature[x] += row[x] == class_id ? thermal_labels[x] - offset : 0.0f;
    }
}

template <typename Sum>
THERMAL_INLINE void write_cells(const Sum* columns, int cells, float factor, float* out) {
    for (int i = 0; i < cells; ++i) {
        const Sum* cell = columns + kCell * i;
        out[i] = static_cast<float>((cell[0] + cell[1]) + (cell[2] + cell[3])) * factor;
    }
}

// Bilinear enlargement by 4: output 4 * i + phase lies between source i + shift and the next one.
struct Phase {
    int shift;
    float near;
    float far;
};
constexpr Phase kPhases[kCell] = {
    {-1, 0.375f, 0.625f}, {-1, 0.125f, 0.875f}, {0, 0.875f, 0.125f}, {0, 0.625f, 0.375f}};

THERMAL_INLINE int clamp_index(int i, int count) { return i < 0 ? 0 : (i >= count ? count - 1 : i); }

}  // namespace

THERMAL_CLONES void planes(const uint8_t* rgb, int height, int width, float* out) {
    const ptrdiff_t pixels = static_cast<ptrdiff_t>(height) * width;
    float* __restrict red = out;
    float* __restrict green = out + pixels;
    float* __restrict blue = out + 2 * pixels;
    for (ptrdiff_t i = 0; i < pixels; ++i) {
        red[i] = rgb[3 * i] / 255.0f;
        green[i] = rgb[3 * i + 1] / 255.0f;
        blue[i] = rgb[3 * i + 2] / 255.0f;
    }
}

THERMAL_CLONES void planes_4(const uint8_t* rgb, int height, int width, float* out) {
    const int columns = 3 * width;
    const ptrdiff_t cells = static_cast<ptrdiff_t>(height / kCell) * (width / kCell);
    thread_local std::vector<uint16_t> sums;
    sums.resize(columns);
    uint16_t* __restrict sum = sums.data();
    for (int y = 0; y < height; y += kCell) {
        const uint8_t* row = rgb + static_cast<ptrdiff_t>(y) * columns;
        for (int i = 0; i < columns; ++i) {
            sum[i] = static_cast<uint16_t>(row[i] + row[columns + i] + row[2 * columns + i] +
                                           row[3 * columns + i]);
        }
        float* out_row = out + static_cast<ptrdiff_t>(y / kCell) * (width / kCell);
        for (int channel = 0; channel < 3; ++channel) {
            for (int i = 0; i < width / kCell; ++i) {
                const uint16_t* cell = sum + 3 * kCell * i + channel;
                const int total = cell[0] + cell[3] + cell[6] + cell[9];
                out_row[channel * cells + i] = static_cast<float>(total) / (kCell * kCell * 255.0f);
            }
        }
    }
}

THERMAL_CLONES void condition(const uint8_t* labels, const float* thermal_labels, int height, int width,
                              Part window, int class_id, float offset, float scale, float* out) {
    const int columns = window.right - window.left;
    const int cells = columns / kCell;
    const ptrdiff_t plane = static_cast<ptrdiff_t>((window.bottom - window.top) / kCell) * cells;
    std::memset(out, 0, sizeof(float) * 3 * plane);
    thread_local std::vector<uint8_t> mask, edge;
    thread_local std::vector<float> temperature;
    mask.resize(columns);
    edge.resize(columns);
    temperature.resize(columns);
    for (int y = window.top; y < window.bottom; y += kCell) {
        bool seen = false;
        for (int line = y; line < y + kCell; ++line) {
            const ptrdiff_t start = static_cast<ptrdiff_t>(line) * width + window.left;
            const uint8_t* row = labels + start;
            if (std::memchr(row, class_id, columns) == nullptr) continue;
            if (!seen) {
                std::memset(mask.data(), 0, columns);
                std::memset(edge.data(), 0, columns);
                std::memset(temperature.data(), 0, sizeof(float) * columns);
                seen = true;
            }
            add_condition_row(line > 0 ? row - width : row, row, line < height - 1 ? row + width : row,
                              thermal_labels + start, columns, window.left > 0, window.right < width,
                              static_cast<uint8_t>(class_id), offset, mask.data(), edge.data(),
                              temperature.data());
        }
        if (!seen) continue;
        float* out_row = out + static_cast<ptrdiff_t>((y - window.top) / kCell) * cells;
        write_cells(mask.data(), cells, 1.0f / (kCell * kCell), out_row);
        write_cells(edge.data(), cells, 1.0f / (kCell * kCell), out_row + plane);
        write_cells(temperature.data(), cells, 1.0f / (kCell * kCell * scale), out_row + 2 * plane);
    }
}

void class_fractions(const uint8_t* labels, int height, int width, int classes, float* out) {
    const int cells = width / kCell;
    const ptrdiff_t plane = static_cast<ptrdiff_t>(height / kCell) * cells;
    std::memset(out, 0, sizeof(float) * classes * plane);
    for (int y = 0; y < height; y += kCell) {
        for (int i = 0; i < cells; ++i) {
            const uint8_t* cell = labels + static_cast<ptrdiff_t>(y) * width + kCell * i;
            uint32_t rows[kCell];
            for (int r = 0; r < kCell; ++r)
                std::memcpy(&rows[r], cell + static_cast<ptrdiff_t>(r) * width, kCell);
            const bool uniform = rows[0] == cell[0] * 0x01010101u && rows[0] == rows[1] &&
                                 rows[0] == rows[2] && rows[0] == rows[3];
            float* shares = out + static_cast<ptrdiff_t>(y / kCell) * cells + i;
            for (int r = 0; r < (uniform ? 1 : kCell); ++r) {
                for (int c = 0; c < (uniform ? 1 : kCell); ++c) {
                    const int label = cell[static_cast<ptrdiff_t>(r) * width + c];
                    if (label >= classes) {
                        throw Refused("LabelError",
                                      "labels hold class " + std::to_string(label) + " of only " +
                                          std::to_string(classes) + " classes.",
                                      "Translate the class map to the bundle's classes first.");
                    }
                    shares[label * plane] += uniform ? 1.0f : 1.0f / (kCell * kCell);
                }
            }
        }
    }
}

THERMAL_CLONES void labels_from_logits(const float* logits, int classes, int height, int width,
                                       uint8_t* out) {
    const ptrdiff_t plane = static_cast<ptrdiff_t>(height) * width;
    // One enlarged row of logits with a replicated pixel at both ends, and the best class so far by phase.
    thread_local std::vector<float> row_buffer, best_buffer;
    thread_local std::vector<int32_t> class_buffer;
    row_buffer.resize(width + 2);
    best_buffer.resize(static_cast<size_t>(kCell) * width);
    class_buffer.resize(best_buffer.size());
    float* __restrict row = row_buffer.data() + 1;
    float* __restrict best = best_buffer.data();
    int32_t* __restrict best_class = class_buffer.data();
    for (int y = 0; y < kCell * height; ++y) {
        const Phase down = kPhases[y % kCell];
        const int first = y / kCell + down.shift;
        std::fill(best_buffer.begin(), best_buffer.end(), -std::numeric_limits<float>::infinity());
        std::fill(class_buffer.begin(), class_buffer.end(), 0);
        for (int k = 0; k < classes; ++k) {
            const float* top =
                logits + k * plane + static_cast<ptrdiff_t>(clamp_index(first, height)) * width;
            const float* bottom =
                logits + k * plane + static_cast<ptrdiff_t>(clamp_index(first + 1, height)) * width;
            for (int x = 0; x < width; ++x) row[x] = down.near * top[x] + down.far * bottom[x];
            row[-1] = row[0];
            row[width] = row[width - 1];
            for (int phase = 0; phase < kCell; ++phase) {
                const Phase across = kPhases[phase];
                const float* source = row + across.shift;
                float* __restrict phase_best = best + static_cast<ptrdiff_t>(phase) * width;
                int32_t* __restrict phase_class = best_class + static_cast<ptrdiff_t>(phase) * width;
                for (int x = 0; x < width; ++x) {
                    const float logit = across.near * source[x] + across.far * source[x + 1];
                    const bool better = logit > phase_best[x];
                    phase_best[x] = better ? logit : phase_best[x];
                    phase_class[x] = better ? k : phase_class[x];
                }
            }
        }
        uint8_t* out_row = out + static_cast<ptrdiff_t>(y) * kCell * width;
        for (int x = 0; x < width; ++x) {
            for (int phase = 0; phase < kCell; ++phase) {
                out_row[kCell * x + phase] =
                    static_cast<uint8_t>(best_class[static_cast<ptrdiff_t>(phase) * width + x]);
            }
        }
    }
}

}  // namespace thermal
