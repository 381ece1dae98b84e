#include "contrast_means.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>

#include "clones.h"
#include "objects.h"
#include "parallel.h"
#include "refused.h"

namespace thermal {
namespace {

// Sums are kept per piece of the frame and added in the order of the pieces, so that the result does not
// depend on how many threads shared the work.
constexpr int kPieces = 8;

struct ObjectSums {
    std::vector<double> sums;
    std::vector<int32_t> pixels;
};

// Kept by the calling thread from frame to frame.
struct Memory {
    ObjectSums pieces[kPieces];
    std::vector<float> means;
};

Memory& memory_of_thread() {
    thread_local Memory memory;
    return memory;
}

THERMAL_INLINE double sum_of(const float* values, int count) {
    constexpr int kLanes = 8;
    using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
    using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));
    Doubles lanes = {};
    int i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        Floats eight;
        std::memcpy(&eight, values + i, sizeof(eight));
        lanes += __builtin_convertvector(eight, Doubles);
    }
    double sum = 0.0;
    for (int lane = 0; lane < kLanes; ++lane) sum += lanes[lane];
    for (; i < count; ++i) sum += values[i];
    return sum;
}

// First index from x on with a set byte, or width.
THERMAL_INLINE int next_set(const uint8_t* bytes, int x, int width) {
    for (; x + 8 <= width; x += 8) {
        uint64_t eight;
        std::memcpy(&eight, bytes + x, sizeof(eight));
        if (eight != 0) break;
    }
    while (x < width && bytes[x] == 0) ++x;
    return x;
}

// Adds the contrasts of rows [first, last) to their objects, run by run. Returns a label that is not among
// the contrasts, or -1. `starts` is scratch of one row.
THERMAL_CLONES int add_contrasts(const CompositeInput& input, int first, int last, uint8_t* __restrict starts,
                                 double* sums, int32_t* pixels) {
    const int width = input.width;
    const int classes = static_cast<int>(input.contrasts.size());
    for (int y = first; y < last; ++y) {
        const ptrdiff_t row = static_cast<ptrdiff_t>(y) * width;
        const uint8_t* __restrict labels = input.labels + row;
        const int32_t* __restrict objects = input.objects + row;
        for (int x = 1; x < width; ++x) {
            starts[x] = static_cast<uint8_t>((objects[x] != objects[x - 1]) | (labels[x] != labels[x - 1]));
        }
        for (int x = 0; x < width;) {
            const int end = next_set(starts, x + 1, width);
            const int label = labels[x];
            if (label >= classes || input.contrasts[label] == nullptr) return label;
            sums[objects[x]] += sum_of(input.contrasts[label] + row + x, end - x);
            pixels[objects[x]] += end - x;
            x = end;
        }
    }
    return -1;
}

}  // namespace

const std::vector<float>& contrast_means(const CompositeInput& input, int threads) {
    const int count = object_count(input.objects, input.height, input.width);
    Memory& memory = memory_of_thread();
    for (ObjectSums& piece : memory.pieces) {
        piece.sums.assign(count, 0.0);
        piece.pixels.assign(count, 0);
    }
    std::atomic<int> stray_label{-1};
    parallel_for(threads, kPieces, [&](int i) {
        thread_local std::vector<uint8_t> starts;
        starts.resize(input.width);
        ObjectSums& piece = memory.pieces[i];
        const int stray =
            add_contrasts(input, share_of(input.height, i, kPieces), share_of(input.height, i + 1, kPieces),
                          starts.data(), piece.sums.data(), piece.pixels.data());
        if (stray >= 0) stray_label = stray;
    });
    if (stray_label >= 0) {
        throw Refused(
            "LabelError",
            "labels hold class " + std::to_string(stray_label) + ", which has no plane in contrasts.",
            "Pass one contrast plane for every class that labels hold.");
    }
    memory.means.resize(count);
    for (int object = 0; object < count; ++object) {
        double sum = 0.0;
        int32_t pixels = 0;
        for (const ObjectSums& piece : memory.pieces) {
            sum += piece.sums[object];
            pixels += piece.pixels[object];
        }
        memory.means[object] = pixels > 0 ? static_cast<float>(sum / pixels) : 0.0f;
    }
    return memory.means;
}

}  // namespace thermal
