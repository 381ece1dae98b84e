#include "composite.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "clones.h"
#include "contrast_means.h"
#include "parallel.h"
#include "pixel.h"
#include "prefetch.h"
#include "refused.h"
#include "row_window.h"

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
THERMAL_INLINE void composite_mixed(const WindowRows<Feather>& rows, const RowPatches& patches, int x,
                                    float contrast_kelvin, int count, float* __restrict out) {
    SegmentPainter painter;
    // A class's columns are made before those of the one in front are read: stores take a while to land.
    ClassColumns columns[2];
    float gathered[kSegment];
    PresentClasses classes(rows, patches.labels());
    int turn = 0;
    int k = classes.next();
    columns[turn].fill(rows, k);
    while (k >= 0) {
        const int behind = classes.next();
        if (behind >= 0) columns[1 - turn].fill(rows, behind);
        const float* contrast = patches.segment(k, x, count, gathered);
        if (contrast != nullptr)
            paint_class(rows, columns[turn], k, contrast, contrast_kelvin, count, painter);
        turn = 1 - turn;
        k = behind;
    }
    THERMAL_VECTOR_LOOP
    for (int i = 0; i < count; ++i) out[i] = painter.sum[i] / painter.weight[i];
}

// A row of the frame that is being made.
struct Row {
    const CompositeInput& input;
    const RowWindow& window;
    const RowPatches& patches;
    int y;
    float* out;  // of the row

    int width() const { return input.objects.width(); }
};

// The segment of a row from x on, or the last whole one.
template <int Feather>
THERMAL_INLINE void composite_segment(const Row& row, int x) {
    const int height = row.input.objects.height();
    const float contrast_kelvin = row.input.contrast_kelvin;
    if (row.width() < kSegment) {
        const WindowRows<Feather> rows(row.window, height, row.y, 0);
        composite_mixed(rows, row.patches, 0, contrast_kelvin, row.width(), row.out);
        return;
    }
    x = std::min(x, row.width() - kSegment);
    const WindowRows<Feather> rows(row.window, height, row.y, x);
    // With a constant count the loops have no remainders.
    composite_mixed(rows, row.patches, x, contrast_kelvin, kSegment, row.out + x);
}

// Pixels from x to `end` that are in the core of one object.
template <int Feather>
THERMAL_INLINE void composite_core(const Row& row, int label, int x, int end) {
    while (x < end) {
        const PatchRow* part = row.patches.find(label, x);
        const int count = std::min(end, part->end) - x;
        const float* __restrict contrast = part->patch->at(row.y, x);
        const float* __restrict base = row.window.base(row.y) + Feather + x;
        float* __restrict out = row.out + x;
        const float contrast_kelvin = row.input.contrast_kelvin;
        for (int i = 0; i < count; ++i) out[i] = surface_temperature(base[i], contrast_kelvin, contrast[i]);
        prefetch_below(contrast, count, part->patch->stride(), part->patch->box.bottom - row.y);
        x += count;
    }
}

// Segments may overlap each other and cores: their pixels come out the same. Returns a label whose contrasts
// are in no patch, or -1.
template <int Feather>
THERMAL_INLINE int composite_row(const Row& row) {
    int x = 0;
    for (const Run& run : row.input.objects.row(row.y)) {
        if (row.patches.end_of_patches(run.label, run.begin, run.end) < run.end) return run.label;
        x = std::max(x, run.begin);
        if (run.core) {
            composite_core<Feather>(row, run.label, x, run.end);
        } else {
            for (; x < run.end; x += kSegment) composite_segment<Feather>(row, x);
        }
    }
    return -1;
}

// What a thread keeps from frame to frame.
struct Memory {
    RowWindow window;
    RowPatches patches;
};

template <int Feather>
THERMAL_INLINE int composite_rows(const CompositeInput& input, const std::vector<float>& means, int first,
                                  int last, Memory& memory, float* out) {
    const int height = input.objects.height();
    for (int y = std::max(0, first - Feather); y < std::min(height, first + Feather); ++y)
        memory.window.load(input, means, y);
    int stray_label = -1;
    for (int y = first; y < last; ++y) {
        if (y + Feather < height) memory.window.load(input, means, y + Feather);
        memory.patches.turn_to(y);
        float* row = out + static_cast<ptrdiff_t>(y) * input.objects.width();
        stray_label =
            std::max(stray_label, composite_row<Feather>({input, memory.window, memory.patches, y, row}));
    }
    return stray_label;
}

THERMAL_CLONES int composite_band(const CompositeInput& input, const std::vector<float>& means, int first,
                                  int last, Memory& memory, float* out) {
    switch (input.objects.feather()) {
        case 0:
            return composite_rows<0>(input, means, first, last, memory, out);
        case 1:
            return composite_rows<1>(input, means, first, last, memory, out);
        case 2:
            return composite_rows<2>(input, means, first, last, memory, out);
        case 3:
            return composite_rows<3>(input, means, first, last, memory, out);
        default:
            return composite_rows<kMaxFeather>(input, means, first, last, memory, out);
    }
}

}  // namespace

void composite(const CompositeInput& input, int threads, float* out) {
    const ObjectMap& objects = input.objects;
    const std::vector<float>& means =
        contrast_means(objects, static_cast<int>(input.patches.size()), input.contrast_sums);
    const int stray_label = parallel_bands(threads, objects.height(), [&](int first, int last) {
        thread_local Memory memory;
        memory.window.fit(objects.width(), objects.feather());
        memory.patches.begin(input.patches, objects.feather());
        return composite_band(input, means, first, last, memory, out);
    });
    if (stray_label < 0) return;
    throw Refused("LabelError",
                  "labels hold class " + std::to_string(stray_label) + ", whose contrasts are in no region.",
                  "Plan the regions with thermalsdk.compositing.plan_regions.");
}

}  // namespace thermal
