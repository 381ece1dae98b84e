#include "reduction.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "clones.h"
#include "enlargement.h"
#include "parallel.h"

namespace thermal {
namespace {

constexpr int kChannels = 3;

// A sum over so many pixels -> their mean, a half rounded up.
struct Mean {
    float half;
    float share;

    THERMAL_INLINE explicit Mean(int pixels)
        // The quarter keeps whole results whole: they come in steps of 1 / pixels, and are wrong by far less.
        : half(static_cast<float>(pixels / 2) + 0.25f), share(1.0f / static_cast<float>(pixels)) {}

    THERMAL_INLINE uint8_t of(int sum) const {
        return static_cast<uint8_t>(static_cast<int>((static_cast<float>(sum) + half) * share));
    }
};

// Means of the next `count` squares of a row, each of so many columns, whose sums are [columns, 3].
THERMAL_INLINE void write_means(const uint16_t* __restrict sums, int count, int columns, const Mean& mean,
                                uint8_t* __restrict out) {
    for (int square = 0; square < count; ++square) {
        for (int channel = 0; channel < kChannels; ++channel) {
            const uint16_t* column = sums + kChannels * square * columns + channel;
            int total = 0;
            for (int i = 0; i < columns; ++i) total += column[kChannels * i];
            out[kChannels * square + channel] = mean.of(total);
        }
    }
}

THERMAL_INLINE void blend(const Place& place, const float* __restrict above, const float* __restrict below,
                          int width, float* __restrict row) {
    for (int x = 0; x < width; ++x) row[x] = place.near * above[x] + place.far * below[x];
}

// The row has one more value at both ends.
template <int kFactor>
THERMAL_INLINE void widen(const float* __restrict row, int width, float* __restrict out) {
    Place places[kFactor];
    for (int phase = 0; phase < kFactor; ++phase) places[phase] = place_of(phase, kFactor);
    for (int x = 0; x < width; ++x) {
        for (int phase = 0; phase < kFactor; ++phase) {
            const float* source = row + x + places[phase].shift;
            out[kFactor * x + phase] = places[phase].near * source[0] + places[phase].far * source[1];
        }
    }
}

THERMAL_INLINE void widen_by(int factor, const float* __restrict row, int width, float* __restrict out) {
    for (int phase = 0; phase < factor; ++phase) {
        const Place place = place_of(phase, factor);
        const float* source = row + place.shift;
        for (int x = 0; x < width; ++x)
            out[factor * x + phase] = place.near * source[x] + place.far * source[x + 1];
    }
}

// Rows of squares from `first` to `last`.
THERMAL_CLONES void reduce_rows(const uint8_t* rgb, int height, int width, int factor, int first, int last,
                                uint8_t* out) {
    static_assert(255 * kMostReduction <= std::numeric_limits<uint16_t>::max());
    out += static_cast<ptrdiff_t>(first) * kChannels * squares(width, factor);
    const ptrdiff_t bytes = static_cast<ptrdiff_t>(kChannels) * width;
    thread_local std::vector<uint16_t> sums_of_columns;
    sums_of_columns.resize(bytes);
    uint16_t* __restrict sums = sums_of_columns.data();
    const int whole = width / factor, rest = width % factor;
    for (int top = first * factor; top < std::min(height, last * factor); top += factor) {
        const int rows = std::min(factor, height - top);
        std::fill_n(sums, bytes, uint16_t{0});
        for (int y = top; y < top + rows; ++y) {
            const uint8_t* row = rgb + y * bytes;
            for (ptrdiff_t i = 0; i < bytes; ++i) sums[i] = static_cast<uint16_t>(sums[i] + row[i]);
        }
        const Mean mean(rows * factor);
        switch (factor) {  // what is known when it is compiled is made with vectors
            case 2:
                write_means(sums, whole, 2, mean, out);
                break;
            case 3:
                write_means(sums, whole, 3, mean, out);
                break;
            default:
                write_means(sums, whole, factor, mean, out);
        }
        out += kChannels * whole;
        if (rest == 0) continue;
        write_means(sums + kChannels * whole * factor, 1, rest, Mean(rows * rest), out);
        out += kChannels;
    }
}

}  // namespace

void reduce(const uint8_t* rgb, int height, int width, int factor, int threads, uint8_t* out) {
    for_bands(threads, squares(height, factor),
              [&](int first, int last) { reduce_rows(rgb, height, width, factor, first, last, out); });
}

THERMAL_CLONES void enlarge(const float* plane, int height, int width, int factor, float* out) {
    thread_local std::vector<float> buffer;
    buffer.resize(static_cast<size_t>(width) + 2);
    float* row = buffer.data() + 1;
    const auto source = [&](int y) {
        return plane + static_cast<ptrdiff_t>(std::clamp(y, 0, height - 1)) * width;
    };
    for (int y = 0; y < factor * height; ++y) {
        const Place down = place_of(y % factor, factor);
        const int above = y / factor + down.shift;
        blend(down, source(above), source(above + 1), width, row);
        row[-1] = row[0];
        row[width] = row[width - 1];
        float* out_row = out + static_cast<ptrdiff_t>(y) * factor * width;
        switch (factor) {
            case 2:
                widen<2>(row, width, out_row);
                break;
            case 3:
                widen<3>(row, width, out_row);
                break;
            case 4:
                widen<4>(row, width, out_row);
                break;
            default:
                widen_by(factor, row, width, out_row);
        }
    }
}

}  // namespace thermal
