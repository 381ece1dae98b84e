#include "composite.h"

#include <algorithm>
#include <cstring>

#include "clones.h"
#include "contrast_means.h"
#include "parallel.h"
#include "pixel.h"
#include "prefetch.h"
#include "row_window.h"
#include "scan.h"

namespace thermal {
namespace {

// Pointers to the rows of one window, top to bottom, at the left end of a widened segment.
template <int Feather>
struct WindowRows {
    const float* base[2 * Feather + 1];
    const int32_t* labels[2 * Feather + 1];
};

// Bit k % 32 is set when class k may be in the window.
template <int Feather>
THERMAL_INLINE uint32_t classes_in(const WindowRows<Feather>& rows) {
    uint32_t classes = 0;
    for (const int32_t* labels : rows.labels) {
        for (int x = 0; x < kSegment + 2 * Feather; ++x) classes |= 1u << (labels[x] & 31);
    }
    return classes;
}

// What each pixel of a segment shows so far, one Painter a pixel, as planes so that lanes are pixels.
struct SegmentPainter {
    float visible[kSegment];
    float weight[kSegment];
    float sum[kSegment];

    THERMAL_INLINE void paint(int x, float coverage, float temperature) {
        Painter pixel{visible[x], weight[x], sum[x]};
        pixel.paint(coverage, temperature);
        visible[x] = pixel.visible;
        weight[x] = pixel.weight;
        sum[x] = pixel.sum;
    }
};

// Weighted sum of 2 * Feather + 1 terms, term(0) first. Unrolled, so that the loop around it vectorises.
template <int Feather, typename Term>
THERMAL_INLINE float window_sum(const Term& term) {
    constexpr Window<Feather> kWindow;
    float sum = 0.0f;
#pragma GCC unroll 9
    for (int i = 0; i <= 2 * Feather; ++i) sum += kWindow.weights[i] * term(i);
    return sum;
}

// Pixels whose window holds several classes, a segment at a time: each class's share and weighted base come
// from separable sums, then the classes are painted front to back.
template <int Feather>
THERMAL_INLINE void composite_mixed(const WindowRows<Feather>& rows,
                                    const std::vector<const float*>& contrasts, ptrdiff_t pixel, int count,
                                    float contrast_kelvin, float* __restrict out) {
    const uint32_t present = classes_in<Feather>(rows);
    SegmentPainter painter;
    for (int x = 0; x < kSegment; ++x) {
        painter.visible[x] = 1.0f;
        painter.weight[x] = 0.0f;
        painter.sum[x] = 0.0f;
    }
    for (int k = static_cast<int>(contrasts.size()) - 1; k >= 0; --k) {
        if (!(present >> (k & 31) & 1) || contrasts[k] == nullptr) continue;
        float coverage[kSegment + 2 * Feather];
        float weighted[kSegment + 2 * Feather];
        for (int x = 0; x < kSegment + 2 * Feather; ++x) {
            coverage[x] = window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? 1.0f : 0.0f; });
            weighted[x] =
                window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? rows.base[r][x] : 0.0f; });
        }
        const float* __restrict contrast = contrasts[k] + pixel;
        const int32_t* __restrict own_labels = rows.labels[Feather] + Feather;
        const float* __restrict own_base = rows.base[Feather] + Feather;
        for (int x = 0; x < count; ++x) {
            const float share = window_sum<Feather>([&](int c) { return coverage[x + c]; });
            const float sum = window_sum<Feather>([&](int c) { return weighted[x + c]; });
            const float base = own_labels[x] == k ? own_base[x] : sum / share;
            painter.paint(x, share, surface_temperature(base, contrast_kelvin, contrast[x]));
        }
    }
    for (int x = 0; x < count; ++x) out[x] = painter.sum[x] / painter.weight[x];
}

// A segment of a row from x on, of at most `count` pixels.
template <int Feather>
THERMAL_INLINE void composite_segment(const CompositeInput& input, const RowWindow& window, int y, int x,
                                      int count, float* __restrict out) {
    WindowRows<Feather> rows;
    for (int r = 0; r <= 2 * Feather; ++r) {
        const int near = std::clamp(y + r - Feather, 0, input.height - 1);
        rows.base[r] = window.base(near) + x;
        rows.labels[r] = window.labels(near) + x;
    }
    const ptrdiff_t pixel = static_cast<ptrdiff_t>(y) * input.width + x;
    // With a constant count the loops have no remainders.
    if (count >= kSegment) {
        composite_mixed<Feather>(rows, input.contrasts, pixel, kSegment, input.contrast_kelvin, out + pixel);
    } else {
        composite_mixed<Feather>(rows, input.contrasts, pixel, count, input.contrast_kelvin, out + pixel);
    }
}

// Pixels of one row that are in the core of one object.
THERMAL_INLINE void composite_core(const float* __restrict base, const float* __restrict contrast,
                                   float contrast_kelvin, int count, float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] = surface_temperature(base[i], contrast_kelvin, contrast[i]);
}

// A segment that begins outside of a core may reach into one: its pixels come out the same.
template <int Feather>
THERMAL_INLINE void composite_row(const CompositeInput& input, const MeasuredObjects& objects,
                                  const RowWindow& window, int y, float* out) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(y) * input.width;
    const uint8_t* cores = objects.cores.data() + row;
    int x = 0;
    for (const ObjectRun& run : objects.rows[y]) {
        prefetch_below(input.contrasts[run.label] + row + run.begin, run.end - run.begin, input.width,
                       input.height - y);
        while (x < run.end) {
            if (!cores[x]) {
                composite_segment<Feather>(input, window, y, x, input.width - x, out);
                x += kSegment;
                continue;
            }
            const int end = end_of_bytes(cores, 1, x, run.end);
            composite_core(window.base(y) + Feather + x, input.contrasts[run.label] + row + x,
                           input.contrast_kelvin, end - x, out + row + x);
            x = end;
        }
    }
}

template <int Feather>
THERMAL_INLINE void composite_rows(const CompositeInput& input, const MeasuredObjects& objects, int first,
                                   int last, RowWindow& window, float* out) {
    for (int y = std::max(0, first - Feather); y < std::min(input.height, first + Feather); ++y)
        window.load(input, objects, y);
    for (int y = first; y < last; ++y) {
        if (y + Feather < input.height) window.load(input, objects, y + Feather);
        composite_row<Feather>(input, objects, window, y, out);
    }
}

THERMAL_CLONES void composite_band(const CompositeInput& input, const MeasuredObjects& objects, int first,
                                   int last, RowWindow& window, float* out) {
    switch (input.feather) {
        case 0:
            return composite_rows<0>(input, objects, first, last, window, out);
        case 1:
            return composite_rows<1>(input, objects, first, last, window, out);
        case 2:
            return composite_rows<2>(input, objects, first, last, window, out);
        case 3:
            return composite_rows<3>(input, objects, first, last, window, out);
        default:
            return composite_rows<kMaxFeather>(input, objects, first, last, window, out);
    }
}

}  // namespace

void composite(const CompositeInput& input, int threads, float* out) {
    const MeasuredObjects& objects = contrast_means(input, threads);
    const int bands = bands_for(threads, input.height);
    parallel_for(threads, bands, [&](int band) {
        thread_local RowWindow window;
        window.fit(input.width, input.feather);
        composite_band(input, objects, share_of(input.height, band, bands),
                       share_of(input.height, band + 1, bands), window, out);
    });
}

}  // namespace thermal
