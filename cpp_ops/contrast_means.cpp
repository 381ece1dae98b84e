#include "contrast_means.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>

#include "clones.h"
#include "objects.h"
#include "parallel.h"
#include "pixel.h"
#include "refused.h"

namespace thermal {
namespace {

// Sums are kept per piece of the frame and added in the order of the pieces, so that the result does not
// depend on how many threads shared the work.
constexpr int kPieces = 8;

// Contrasts of an object, and of its core, where the feather shows no other class.
struct ObjectSums {
    double all = 0.0;
    double core = 0.0;
    int32_t pixels = 0;
    int32_t core_pixels = 0;
};

// Scratch of one row, kept by the thread from frame to frame.
struct Row {
    std::vector<uint8_t> column;  // differences over the rows of the window
    std::vector<uint8_t> starts;  // 1 where an object or a class begins
    std::vector<int32_t> core;    // -1 in a core, else 0: as wide as the floats that it selects

    void fit(int width) {
        column.resize(width);
        core.resize(width);
        starts.resize(width);
    }
};

// Kept by the calling thread from frame to frame.
struct Memory {
    std::vector<ObjectSums> pieces[kPieces];
    Cores cores;
};

Memory& memory_of_thread() {
    thread_local Memory memory;
    return memory;
}

struct RunSums {
    double all;
    double core;
    int core_pixels;
};

constexpr int kLanes = 16;
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));
using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));

// Adds the values whose bits are set in `which`. What is left out may be anything, NaN too.
THERMAL_INLINE void add_chosen(const Ints& values, const Ints& which, Floats& sums) {
    sums += reinterpret_cast<Floats>(values & which);
}

template <typename Lanes>
THERMAL_INLINE auto sum_of_lanes(const Lanes& lanes) {
    decltype(+lanes[0]) halves[kLanes];
    std::memcpy(halves, &lanes, sizeof(lanes));
    for (int half = kLanes / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) halves[i] += halves[i + half];
    }
    return halves[0];
}

// Sums over a run of values, and over those of them whose bits are set in `core`. `readable` values, which
// are no fewer than `count`, may be read.
THERMAL_INLINE RunSums sums_of(const float* values, const int32_t* core, int count, int readable) {
    constexpr Ints kLane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    Floats all = {}, in_core = {};
    Ints marked = {};
    int i = 0;
    for (; i < count && i + kLanes <= readable; i += kLanes) {
        Ints bits, marks;
        std::memcpy(&bits, values + i, sizeof(bits));
        std::memcpy(&marks, core + i, sizeof(marks));
        const Ints inside = kLane < count - i;
        add_chosen(bits, inside, all);
        add_chosen(bits, inside & marks, in_core);
        marked -= inside & marks;
    }
    RunSums sums{sum_of_lanes(all), sum_of_lanes(in_core), sum_of_lanes(marked)};
    for (; i < count; ++i) {
        sums.all += values[i];
        sums.core += core[i] ? values[i] : 0.0f;
        sums.core_pixels -= core[i];
    }
    return sums;
}

// First index from x on with a set byte, or width.
THERMAL_INLINE int next_set(const uint8_t* bytes, int x, int width) {
    for (; x + 8 <= width; x += 8) {
        uint64_t eight;
        std::memcpy(&eight, bytes + x, sizeof(eight));
        if (eight != 0)
            return x + __builtin_ctzll(eight) / 8;  // every machine that it builds for is little-endian
    }
    while (x < width && bytes[x] == 0) ++x;
    return x;
}

// Adds the bits in which two rows of labels differ, and the bits that were added elsewhere.
THERMAL_INLINE void add_differences(const uint8_t* __restrict labels, const uint8_t* __restrict others,
                                    const uint8_t* __restrict elsewhere, int count,
                                    uint8_t* __restrict differences) {
    for (int x = 0; x < count; ++x) {
        differences[x] = static_cast<uint8_t>(differences[x] | elsewhere[x] | (labels[x] ^ others[x]));
    }
}

// core[x] is 1 where the whole window around pixel x of row y holds one class, else 0.
THERMAL_INLINE void mark_core(const CompositeInput& input, int y, uint8_t* __restrict column,
                              uint8_t* __restrict core) {
    const int width = input.width, feather = input.feather;
    const uint8_t* labels = input.labels + static_cast<ptrdiff_t>(y) * width;
    std::fill_n(column, width, uint8_t{0});
    for (int near = std::max(0, y - feather); near <= std::min(input.height - 1, y + feather); ++near) {
        const uint8_t* others = input.labels + static_cast<ptrdiff_t>(near) * width;
        for (int x = 0; x < width; ++x) column[x] = static_cast<uint8_t>(column[x] | (labels[x] ^ others[x]));
    }
    std::copy_n(column, width, core);
    for (int step = 1; step <= std::min(feather, width - 1); ++step) {
        add_differences(labels, labels + step, column + step, width - step, core);
        add_differences(labels + step, labels, column, width - step, core + step);
    }
    for (int x = 0; x < width; ++x) core[x] = static_cast<uint8_t>(core[x] == 0);
}

// Adds the contrasts of rows [first, last) to their objects, run by run, and marks the cores of these rows.
// Returns a label that is not among the contrasts, or -1.
THERMAL_CLONES int add_contrasts(const CompositeInput& input, int first, int last, Row& scratch,
                                 ObjectSums* sums, uint8_t* cores) {
    const int width = input.width;
    uint8_t* __restrict starts = scratch.starts.data();
    int32_t* __restrict core = scratch.core.data();
    const int classes = static_cast<int>(input.contrasts.size());
    for (int y = first; y < last; ++y) {
        const ptrdiff_t row = static_cast<ptrdiff_t>(y) * width;
        const uint8_t* __restrict labels = input.labels + row;
        const int32_t* __restrict objects = input.objects + row;
        uint8_t* __restrict marks = cores + row;
        mark_core(input, y, scratch.column.data(), marks);
        for (int x = 0; x < width; ++x) core[x] = -static_cast<int32_t>(marks[x]);
        for (int x = 1; x < width; ++x) {
            starts[x] = static_cast<uint8_t>((objects[x] != objects[x - 1]) | (labels[x] != labels[x - 1]));
        }
        for (int x = 0; x < width;) {
            const int end = next_set(starts, x + 1, width);
            const int label = labels[x];
            if (label >= classes || input.contrasts[label] == nullptr) return label;
            const RunSums run = sums_of(input.contrasts[label] + row + x, core + x, end - x, width - x);
            ObjectSums& object = sums[objects[x]];
            object.all += run.all;
            object.core += run.core;
            object.pixels += end - x;
            object.core_pixels += run.core_pixels;
            x = end;
        }
    }
    return -1;
}

}  // namespace

const Cores& contrast_means(const CompositeInput& input, int threads) {
    const int count = object_count(input.objects, input.height, input.width);
    Memory& memory = memory_of_thread();
    Cores& cores = memory.cores;
    cores.marks.resize(static_cast<size_t>(input.height) * input.width);
    for (std::vector<ObjectSums>& piece : memory.pieces) piece.assign(count, ObjectSums{});
    std::atomic<int> stray_label{-1};
    parallel_for(threads, kPieces, [&](int i) {
        thread_local Row row;
        row.fit(input.width);
        const int stray =
            add_contrasts(input, share_of(input.height, i, kPieces), share_of(input.height, i + 1, kPieces),
                          row, memory.pieces[i].data(), cores.marks.data());
        if (stray >= 0) stray_label = stray;
    });
    if (stray_label >= 0) {
        throw Refused(
            "LabelError",
            "labels hold class " + std::to_string(stray_label) + ", which has no plane in contrasts.",
            "Pass one contrast plane for every class that labels hold.");
    }
    cores.mean_contrasts.resize(count);
    for (int object = 0; object < count; ++object) {
        ObjectSums total;
        for (const std::vector<ObjectSums>& piece : memory.pieces) {
            total.all += piece[object].all;
            total.core += piece[object].core;
            total.pixels += piece[object].pixels;
            total.core_pixels += piece[object].core_pixels;
        }
        cores.mean_contrasts[object] = mean_contrast(total.all, total.pixels, total.core, total.core_pixels);
    }
    return cores;
}

}  // namespace thermal
