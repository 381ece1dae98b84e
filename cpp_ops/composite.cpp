#include "composite.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "clones.h"
#include "contrast_means.h"
#include "parallel.h"
#include "pixel.h"
#include "prefetch.h"
#include "row_window.h"
#include "scan.h"

namespace thermal {
namespace {

// Columns of a window's rows that sums over rows are made of, a multiple of the lanes of a vector.
constexpr int kColumns = kSegment + 2 * kMaxFeather;

// The rows of the windows of a segment, top to bottom.
template <int Feather>
struct WindowRows {
    const float* base[2 * Feather + 1];
    const int32_t* labels[2 * Feather + 1];

    THERMAL_INLINE WindowRows(const RowWindow& window, int height, int y, int x) {
        for (int r = 0; r <= 2 * Feather; ++r) {
            const int near = std::clamp(y + r - Feather, 0, height - 1);
            base[r] = window.base(near) + x;
            labels[r] = window.labels(near) + x;
        }
    }
};

// The classes of a segment's windows from front to back, and maybe others that are a multiple of 32 away.
class PresentClasses {
  public:
    template <int Feather>
    THERMAL_INLINE PresentClasses(const WindowRows<Feather>& rows, int classes) : next_(classes) {
        for (const int32_t* labels : rows.labels) {
            for (int x = 0; x < kSegment + 2 * Feather; ++x) bits_ |= 1u << (labels[x] & 31);
        }
    }

    // The next one, or -1.
    THERMAL_INLINE int next() {
        while (--next_ >= 0 && !(bits_ >> (next_ & 31) & 1)) {
        }
        return next_;
    }

  private:
    uint32_t bits_ = 0;
    int next_;
};

// What each pixel of a segment shows so far, one Painter a pixel, as planes so that lanes are pixels.
struct SegmentPainter {
    float visible[kSegment];
    float weight[kSegment];
    float sum[kSegment];

    THERMAL_INLINE SegmentPainter() {
        for (int x = 0; x < kSegment; ++x) {
            visible[x] = 1.0f;
            weight[x] = 0.0f;
            sum[x] = 0.0f;
        }
    }

    THERMAL_INLINE void paint(int x, float coverage, float covered_base, float relief) {
        Painter pixel{visible[x], weight[x], sum[x]};
        pixel.paint(coverage, covered_base, relief);
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

// Share and weighted base of one class in the columns of a segment's windows.
struct ClassColumns {
    float coverage[kColumns];
    float weighted[kColumns];

    template <int Feather>
    THERMAL_INLINE void fill(const WindowRows<Feather>& rows, int k) {
        float* __restrict shares = coverage;
        float* __restrict bases = weighted;
        for (int x = 0; x < kColumns; ++x)
            shares[x] = window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? 1.0f : 0.0f; });
        for (int x = 0; x < kColumns; ++x)
            bases[x] =
                window_sum<Feather>([&](int r) { return rows.labels[r][x] == k ? rows.base[r][x] : 0.0f; });
    }
};

template <int Feather>
THERMAL_INLINE void paint_class(const WindowRows<Feather>& rows, const ClassColumns& columns, int k,
                                const float* __restrict contrast, float contrast_kelvin, int count,
                                SegmentPainter& painter) {
    const int32_t* __restrict own_labels = rows.labels[Feather] + Feather;
    const float* __restrict own_base = rows.base[Feather] + Feather;
    THERMAL_VECTOR_LOOP
    for (int x = 0; x < count; ++x) {
        const float coverage = window_sum<Feather>([&](int c) { return columns.coverage[x + c]; });
        const float weighted = window_sum<Feather>([&](int c) { return columns.weighted[x + c]; });
        painter.paint(x, coverage, own_labels[x] == k ? coverage * own_base[x] : weighted,
                      contrast_kelvin * contrast[x]);
    }
}

// Pixels whose windows hold several classes, a segment at a time: each class's share and weighted base come
// from separable sums, then the classes are painted front to back.
template <int Feather>
THERMAL_INLINE void composite_mixed(const WindowRows<Feather>& rows,
                                    const std::vector<const float*>& contrasts, ptrdiff_t pixel,
                                    float contrast_kelvin, int count, float* __restrict out) {
    SegmentPainter painter;
    // A class's columns are made before those of the one in front are read: stores take a while to land.
    ClassColumns columns[2];
    PresentClasses classes(rows, static_cast<int>(contrasts.size()));
    int turn = 0;
    int k = classes.next();
    columns[turn].fill(rows, k);
    while (k >= 0) {
        const int behind = classes.next();
        if (behind >= 0) columns[1 - turn].fill(rows, behind);
        if (contrasts[k] != nullptr)
            paint_class(rows, columns[turn], k, contrasts[k] + pixel, contrast_kelvin, count, painter);
        turn = 1 - turn;
        k = behind;
    }
    THERMAL_VECTOR_LOOP
    for (int x = 0; x < count; ++x) out[x] = painter.sum[x] / painter.weight[x];
}

// The segment of a row from x on, or the last whole one.
template <int Feather>
THERMAL_INLINE void composite_segment(const CompositeInput& input, const RowWindow& window, int y, int x,
                                      float* __restrict out) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(y) * input.width;
    if (input.width < kSegment) {
        const WindowRows<Feather> rows(window, input.height, y, 0);
        composite_mixed(rows, input.contrasts, row, input.contrast_kelvin, input.width, out + row);
        return;
    }
    x = std::min(x, input.width - kSegment);
    const WindowRows<Feather> rows(window, input.height, y, x);
    // With a constant count the loops have no remainders.
    composite_mixed(rows, input.contrasts, row + x, input.contrast_kelvin, kSegment, out + row + x);
}

// Pixels of one row that are in the core of one object.
THERMAL_INLINE void composite_core(const float* __restrict base, const float* __restrict contrast,
                                   float contrast_kelvin, int count, float* __restrict out) {
    for (int i = 0; i < count; ++i) out[i] = surface_temperature(base[i], contrast_kelvin, contrast[i]);
}

// Segments may overlap each other and cores: their pixels come out the same.
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
                composite_segment<Feather>(input, window, y, x, out);
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
