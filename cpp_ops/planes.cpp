#include "planes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "clones.h"
#include "enlargement.h"
#include "parallel.h"
#include "refused.h"

namespace thermal {
namespace {

THERMAL_INLINE int clamp_index(int i, int count) { return i < 0 ? 0 : (i >= count ? count - 1 : i); }

// Pixels from `first` to `last` of a plane of so many.
THERMAL_CLONES void fill_planes(const uint8_t* rgb, ptrdiff_t first, ptrdiff_t last, ptrdiff_t pixels,
                                float* out) {
    float* __restrict red = out;
    float* __restrict green = out + pixels;
    float* __restrict blue = out + 2 * pixels;
    for (ptrdiff_t i = first; i < last; ++i) {
        red[i] = rgb[3 * i] / 255.0f;
        green[i] = rgb[3 * i + 1] / 255.0f;
        blue[i] = rgb[3 * i + 2] / 255.0f;
    }
}

// Rows of cells from `first` to `last`.
THERMAL_CLONES void fill_planes_4(const uint8_t* rgb, int first, int last, ptrdiff_t cells, int width,
                                  float* out) {
    const int columns = 3 * width;
    thread_local std::vector<uint16_t> sums;
    sums.resize(columns);
    uint16_t* __restrict sum = sums.data();
    for (int y = kCell * first; y < kCell * last; y += kCell) {
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

// Rows from `first` to `last` of the class map.
THERMAL_CLONES void fill_labels(const float* logits, int classes, int height, int width, int first_row,
                                int last_row, uint8_t* out) {
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
    for (int y = first_row; y < last_row; ++y) {
        const Place down = place_of(y % kCell, kCell);
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
                const Place across = place_of(phase, kCell);
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

}  // namespace

void planes(const uint8_t* rgb, int height, int width, int threads, float* out) {
    const ptrdiff_t pixels = static_cast<ptrdiff_t>(height) * width;
    for_bands(threads, height, [&](int first, int last) {
        fill_planes(rgb, static_cast<ptrdiff_t>(first) * width, static_cast<ptrdiff_t>(last) * width, pixels,
                    out);
    });
}

void planes_4(const uint8_t* rgb, int height, int width, int threads, float* out) {
    const int rows = height / kCell;
    const ptrdiff_t cells = static_cast<ptrdiff_t>(rows) * (width / kCell);
    for_bands(threads, rows,
              [&](int first, int last) { fill_planes_4(rgb, first, last, cells, width, out); });
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
                    if (label >= classes) refuse_label(label, classes);
                    shares[label * plane] += uniform ? 1.0f : 1.0f / (kCell * kCell);
                }
            }
        }
    }
}

void labels_from_logits(const float* logits, int classes, int height, int width, int threads, uint8_t* out) {
    for_bands(threads, kCell * height,
              [&](int first, int last) { fill_labels(logits, classes, height, width, first, last, out); });
}

}  // namespace thermal
