#include "composite.h"

#include <algorithm>
#include <cstring>

#include "clones.h"
#include "contrast_means.h"
#include "parallel.h"
#include "pixel.h"
#include "row_window.h"

namespace thermal {
namespace {

constexpr int kBandsPerThread = 4;

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
THERMAL_INLINE void composite_mixed(const WindowRows<Feather>& rows, const float* const* contrasts, int front,
                                    int back, int count, float contrast_kelvin, float* __restrict out) {
    const uint32_t present = classes_in<Feather>(rows);
    SegmentPainter painter;
    for (int x = 0; x < kSegment; ++x) {
        painter.visible[x] = 1.0f;
        painter.weight[x] = 0.0f;
        painter.sum[x] = 0.0f;
    }
    for (int k = front; k >= back; --k) {
        if (!(present >> (k & 31) & 1) || contrasts[k] == nullptr) continue;
        float coverage[kSegment + 2 * Feather];
        float weighted[kSegment + 2 * Feather];
        for (int x = 0; x < kSegment + 2 * Feather; ++x) {
            coverage[x] = window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? 1.0f : 0.0f; });
            weighted[x] =
                window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? rows.base[r][x] : 0.0f; });
        }
        const float* __restrict contrast = contrasts[k];
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

// The two reductions are apart because the compiler does not vectorise them in one loop.
template <int Count>
THERMAL_INLINE uint8_t lowest_of(const uint8_t* labels) {
    uint8_t lowest = 255;
    for (int i = 0; i < Count; ++i) lowest = std::min(lowest, labels[i]);
    return lowest;
}

template <int Count>
THERMAL_INLINE uint8_t highest_of(const uint8_t* labels) {
    uint8_t highest = 0;
    for (int i = 0; i < Count; ++i) highest = std::max(highest, labels[i]);
    return highest;
}

// Kept by the thread from frame to frame.
struct Scratch {
    RowWindow window;
    std::vector<uint8_t> lowest;  // over the rows of the window, by column
    std::vector<uint8_t> highest;

    void fit(int width, int feather) {
        window.fit(width, feather);
        lowest.resize(window.wide());
        highest.resize(window.wide());
    }
};

template <int Feather>
THERMAL_INLINE void composite_rows(const CompositeInput& input, const FrameView& frame, int first, int last,
                                   Scratch& scratch, float* out) {
    RowWindow& window = scratch.window;
    const int wide = window.wide();
    uint8_t* __restrict lowest = scratch.lowest.data();
    uint8_t* __restrict highest = scratch.highest.data();
    for (int y = std::max(0, first - Feather); y < std::min(frame.height, first + Feather); ++y)
        window.load(frame, y);
    for (int y = first; y < last; ++y) {
        if (y + Feather < frame.height) window.load(frame, y + Feather);
        std::fill_n(lowest, wide, 255);
        std::fill_n(highest, wide, 0);
        WindowRows<Feather> rows;
        for (int r = 0; r <= 2 * Feather; ++r) {
            const int near = std::clamp(y + r - Feather, 0, frame.height - 1);
            rows.base[r] = window.base(near);
            rows.labels[r] = window.wide_labels(near);
            const uint8_t* __restrict labels = window.labels(near);
            for (int x = 0; x < wide; ++x) {
                lowest[x] = labels[x] < lowest[x] ? labels[x] : lowest[x];
                highest[x] = labels[x] > highest[x] ? labels[x] : highest[x];
            }
        }
        for (int x = 0; x < frame.width; x += kSegment) {
            const int count = std::min(kSegment, frame.width - x);
            const ptrdiff_t pixel = frame.at(y, x);
            const uint8_t back = lowest_of<kSegment + 2 * Feather>(lowest + x);
            const uint8_t front = highest_of<kSegment + 2 * Feather>(highest + x);
            if (front == back) {
                const float* __restrict base = window.base(y) + Feather + x;
                const float* __restrict contrast = input.contrasts[front] + pixel;
                float* __restrict target = out + pixel;
                for (int i = 0; i < count; ++i) {
                    target[i] = surface_temperature(base[i], frame.contrast_kelvin, contrast[i]);
                }
                continue;
            }
            WindowRows<Feather> here;
            for (int r = 0; r <= 2 * Feather; ++r) {
                here.base[r] = rows.base[r] + x;
                here.labels[r] = rows.labels[r] + x;
            }
            const float* contrasts[256];
            for (int k = back; k <= front; ++k) {
                contrasts[k] = input.contrasts[k] == nullptr ? nullptr : input.contrasts[k] + pixel;
            }
            composite_mixed<Feather>(here, contrasts, front, back, count, frame.contrast_kelvin, out + pixel);
        }
    }
}

THERMAL_CLONES void composite_band(const CompositeInput& input, const FrameView& frame, int first, int last,
                                   Scratch& scratch, float* out) {
    switch (input.feather) {
        case 0:
            return composite_rows<0>(input, frame, first, last, scratch, out);
        case 1:
            return composite_rows<1>(input, frame, first, last, scratch, out);
        case 2:
            return composite_rows<2>(input, frame, first, last, scratch, out);
        case 3:
            return composite_rows<3>(input, frame, first, last, scratch, out);
        default:
            return composite_rows<kMaxFeather>(input, frame, first, last, scratch, out);
    }
}

}  // namespace

void composite(const CompositeInput& input, int threads, float* out) {
    const std::vector<float>& means = contrast_means(input, threads);
    const FrameView frame{input.height,         input.width,  input.labels,         input.objects,
                          input.thermal_labels, means.data(), input.contrast_kelvin};
    // More bands than threads: a helper may wake up late.
    const int bands = threads == 1 ? 1 : std::min(kBandsPerThread * threads, input.height);
    parallel_for(threads, bands, [&](int band) {
        thread_local Scratch scratch;
        scratch.fit(input.width, input.feather);
        composite_band(input, frame, share_of(input.height, band, bands),
                       share_of(input.height, band + 1, bands), scratch, out);
    });
}

}  // namespace thermal
