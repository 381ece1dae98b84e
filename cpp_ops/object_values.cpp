#include "object_values.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace thermal {
namespace {

// Writes value(object) to the pixels of every object.
template <typename T, typename Value>
void fill(const ObjectMap& objects, const Value& value, T* out) {
    for (int y = 0; y < objects.height(); ++y) {
        T* row = out + static_cast<ptrdiff_t>(y) * objects.width();
        for (const Run& run : objects.row(y)) std::fill(row + run.begin, row + run.end, value(run.object));
    }
}

// Sum over the pixels [begin, end) of the value of each pixel's cell.
double sum_of_cells(const float* values, int stride, int begin, int end) {
    double sum = 0.0;
    for (int x = begin; x < end;) {
        const int cell = x / stride;
        const int cell_end = std::min(end, (cell + 1) * stride);
        sum += static_cast<double>(values[cell]) * (cell_end - x);
        x = cell_end;
    }
    return sum;
}

}  // namespace

void write_ids(const ObjectMap& objects, int32_t* out) {
    fill(objects, [](int32_t object) { return object; }, out);
}

void paint(const ObjectMap& objects, const float* values, float* out) {
    fill(objects, [values](int32_t object) { return values[object]; }, out);
}

void object_means(const ObjectMap& objects, const float* values, int stride, float* means) {
    struct Sum {
        double values = 0.0;
        int pixels = 0;
    };
    thread_local std::vector<Sum> sums;
    sums.assign(objects.count(), Sum{});
    const int columns = (objects.width() + stride - 1) / stride;
    for (int y = 0; y < objects.height(); ++y) {
        const float* row = values + static_cast<ptrdiff_t>(y / stride) * columns;
        for (const Run& run : objects.row(y)) {
            sums[run.object].values += sum_of_cells(row, stride, run.begin, run.end);
            sums[run.object].pixels += run.end - run.begin;
        }
    }
    std::transform(sums.begin(), sums.end(), means,
                   [](const Sum& sum) { return static_cast<float>(sum.values / sum.pixels); });
}

}  // namespace thermal
