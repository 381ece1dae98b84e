#include "contrast_means.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "clones.h"
#include "cores.h"
#include "objects.h"
#include "parallel.h"
#include "pixel.h"
#include "prefetch.h"
#include "refused.h"
#include "scan.h"

namespace thermal {
namespace {

// Contrasts of an object over its core, and over its runs that lie outside of it.
struct ObjectSums {
    double core = 0.0;
    double rim = 0.0;
    int32_t core_pixels = 0;
    int32_t rim_pixels = 0;
};

// Kept by the calling thread from frame to frame.
struct Memory {
    MeasuredObjects objects;
    std::vector<ObjectSums> sums;
};

Memory& memory_of_thread() {
    thread_local Memory memory;
    return memory;
}

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
THERMAL_INLINE float sum_of(const float* values, int count, int readable) {
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

// First index from x on, or end, where the object is another one.
THERMAL_INLINE int end_of_object(const int32_t* objects, int x, int end) {
    constexpr int kBlock = 32;
    const int32_t object = objects[x];
    for (; x + kBlock <= end; x += kBlock) {
        int32_t differences = 0;
        for (int i = 0; i < kBlock; ++i) differences |= objects[x + i] ^ object;
        if (differences != 0) break;
    }
    while (x < end && objects[x] == object) ++x;
    return x;
}

struct RunSum {
    double sum;
    int core_pixels;
};

// Sum of the contrasts of a run's core; of all of it where it has none.
THERMAL_INLINE RunSum measure(const float* contrasts, const uint8_t* cores, int begin, int end, int width) {
    RunSum run{0.0, 0};
    for (int x = begin; x < end;) {
        const int core = end_of_bytes(cores, 0, x, end);
        x = end_of_bytes(cores, 1, core, end);
        run.sum += sum_of(contrasts + core, x - core, width - core);
        run.core_pixels += x - core;
    }
    if (run.core_pixels == 0) run.sum = sum_of(contrasts + begin, end - begin, width - begin);
    return run;
}

// Finds and measures the runs of a row. Returns a label that is not among the contrasts, or -1.
THERMAL_CLONES int measure_row(const CompositeInput& input, int y, const uint8_t* cores,
                               std::vector<ObjectRun>& runs) {
    const ptrdiff_t row = static_cast<ptrdiff_t>(y) * input.width;
    const uint8_t* labels = input.labels + row;
    const int32_t* objects = input.objects + row;
    runs.clear();
    for (int x = 0; x < input.width;) {
        const int label = labels[x];
        if (label >= static_cast<int>(input.contrasts.size()) || input.contrasts[label] == nullptr)
            return label;
        const int end = end_of_object(objects, x, end_of_bytes(labels, labels[x], x, input.width));
        const auto [sum, core_pixels] = measure(input.contrasts[label] + row, cores, x, end, input.width);
        ObjectRun& run = runs.emplace_back();  // in place: a copy would wait for what was just stored
        run.begin = x;
        run.end = end;
        run.object = objects[x];
        run.label = label;
        run.sum = sum;
        run.core_pixels = core_pixels;
        prefetch_below(input.contrasts[label] + row + x, end - x, input.width, input.height - y);
        x = end;
    }
    return -1;
}

void measure_rows(const CompositeInput& input, int threads, MeasuredObjects& objects) {
    objects.cores.resize(static_cast<size_t>(input.height) * input.width);
    objects.rows.resize(input.height);
    const int stray_label = parallel_rows(threads, input.height, [&](int y) {
        thread_local CoreMarker marker;
        uint8_t* cores = objects.cores.data() + static_cast<ptrdiff_t>(y) * input.width;
        marker.mark(input.labels, input.height, input.width, input.feather, y, cores);
        return measure_row(input, y, cores, objects.rows[y]);
    });
    if (stray_label < 0) return;
    throw Refused("LabelError",
                  "labels hold class " + std::to_string(stray_label) + ", which has no plane in contrasts.",
                  "Pass one contrast plane for every class that labels hold.");
}

// One more than the highest id.
int count_objects(const MeasuredObjects& objects, ptrdiff_t pixels) {
    int32_t lowest = 0, highest = 0;
    for (const std::vector<ObjectRun>& runs : objects.rows) {
        for (const ObjectRun& run : runs) {
            lowest = std::min(lowest, run.object);
            highest = std::max(highest, run.object);
        }
    }
    check_ids(lowest, highest, pixels);
    return highest + 1;
}

void add_runs(const MeasuredObjects& objects, std::vector<ObjectSums>& sums) {
    for (const std::vector<ObjectRun>& runs : objects.rows) {
        for (const ObjectRun& run : runs) {
            ObjectSums& object = sums[run.object];
            if (run.core_pixels > 0) {
                object.core += run.sum;
                object.core_pixels += run.core_pixels;
            } else {
                object.rim += run.sum;
                object.rim_pixels += run.end - run.begin;
            }
        }
    }
}

}  // namespace

const MeasuredObjects& contrast_means(const CompositeInput& input, int threads) {
    auto& [objects, sums] = memory_of_thread();
    measure_rows(input, threads, objects);
    sums.assign(count_objects(objects, static_cast<ptrdiff_t>(input.height) * input.width), ObjectSums{});
    add_runs(objects, sums);
    objects.mean_contrasts.resize(sums.size());
    std::transform(sums.begin(), sums.end(), objects.mean_contrasts.begin(), [](const ObjectSums& object) {
        return mean_contrast(object.rim, object.rim_pixels, object.core, object.core_pixels);
    });
    return objects;
}

}  // namespace thermal
