#include "contrast_means.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "clones.h"
#include "pixel.h"
#include "prefetch.h"

namespace thermal {
namespace {

constexpr int kLanes = 8;
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

THERMAL_INLINE void add(const float* values, Floats& sums) {
    Floats floats;
    std::memcpy(&floats, values, sizeof(floats));
    sums += floats;
}

// Adds the first `count` of the values. What is beyond the count may be anything, NaN too.
THERMAL_INLINE void add_first(const float* values, int count, Floats& sums) {
    constexpr Ints kLane = {0, 1, 2, 3, 4, 5, 6, 7};
    Ints bits;
    std::memcpy(&bits, values, sizeof(bits));
    sums += reinterpret_cast<Floats>(bits & (kLane < count));
}

// The order of the additions is fixed, so that every vector unit finds the same bits. `readable` values,
// which are no fewer than `count`, may be read.
THERMAL_INLINE float sum_of(const float* values, int count, ptrdiff_t readable) {
    Floats even = {}, odd = {};
    int i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
        add(values + i, even);
        add(values + i + kLanes, odd);
    }
    float rest = 0.0f;
    if (i + 2 * kLanes <= readable) {
        add_first(values + i, count - i, even);
        add_first(values + i + kLanes, count - i - kLanes, odd);
    } else {
        for (; i < count; ++i) rest += values[i];
    }
    even += odd;
    return (((even[0] + even[4]) + (even[2] + even[6])) + ((even[1] + even[5]) + (even[3] + even[7]))) + rest;
}

// Fetches the runs of a row that will be read soon.
void prefetch_runs(const ObjectMap& objects, int y) {
    constexpr int kRunsPerLine = 4;
    if (y >= objects.height()) return;
    const RowRuns runs = objects.row(y);
    for (const Run* run = runs.begin(); run < runs.end(); run += kRunsPerLine) __builtin_prefetch(run);
}

// Adds the sums of the measured runs of a row between the columns `left` and `right`.
THERMAL_CLONES void add_row(const ObjectMap& objects, const Patch& patch, int y, int left, int right,
                            double* sums) {
    const RowRuns runs = objects.row(y);
    const float* end = patch.contrasts + patch.box.area();
    const Run* run = std::lower_bound(runs.begin(), runs.end(), left,
                                      [](const Run& one, int column) { return one.end <= column; });
    for (; run != runs.end() && run->begin < right; ++run) {
        if (run->label != patch.label || !objects.is_measured(*run)) continue;
        const int begin = std::max(left, run->begin);
        const float* contrasts = patch.at(y, begin);
        const int count = std::min(right, run->end) - begin;
        prefetch_below(contrasts, count, patch.stride(), patch.box.bottom - y);
        sums[run->object] += sum_of(contrasts, count, end - contrasts);
    }
}

}  // namespace

void contrast_sums(const ObjectMap& objects, const Patch& patch, float* sums) {
    thread_local std::vector<double> exact;
    exact.assign(objects.count(), 0.0);
    const int bottom = std::min(objects.height(), patch.core.bottom);
    const int right = std::min(objects.width(), patch.core.right);
    constexpr int kAhead = 3;
    for (int y = patch.core.top; y < bottom; ++y) {
        prefetch_runs(objects, y + kAhead);
        add_row(objects, patch, y, patch.core.left, right, exact.data());
    }
    std::transform(exact.begin(), exact.end(), sums, [](double sum) { return static_cast<float>(sum); });
}

const std::vector<float>& contrast_means(const ObjectMap& objects, int patches, const float* sums) {
    thread_local std::vector<float> means;
    thread_local std::vector<double> totals;
    totals.assign(objects.count(), 0.0);
    for (int patch = 0; patch < patches; ++patch) {
        const float* of_patch = sums + static_cast<ptrdiff_t>(patch) * objects.count();
        for (int object = 0; object < objects.count(); ++object) totals[object] += of_patch[object];
    }
    means.resize(totals.size());
    for (int object = 0; object < objects.count(); ++object)
        means[object] = mean_contrast(totals[object], objects.measured_pixels(object));
    return means;
}

}  // namespace thermal
