// Checks of arguments that several functions share.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "python/arrays.h"
#include "refused.h"

namespace thermal {

constexpr py::ssize_t kAny = -1;
constexpr int kMaxClasses = 256;

// Height and width of a plane whose pixels can be numbered with 32 bits.
struct Extent {
    int height;
    int width;
};

inline Extent extent_of(const py::array& array, const char* name, int row_axis = 0) {
    const py::ssize_t height = array.shape(row_axis);
    const py::ssize_t width = array.shape(row_axis + 1);
    if (height > std::numeric_limits<int32_t>::max() / width) {
        throw Refused("ShapeError", std::string(name) + " has more than 2^31 pixels.",
                      "Split the frame into tiles.");
    }
    return {static_cast<int>(height), static_cast<int>(width)};
}

inline void require_multiples(const py::array& array, const char* name, Extent extent, int unit) {
    if (extent.height % unit == 0 && extent.width % unit == 0) return;
    throw Refused("ShapeError",
                  std::string(name) + " has the shape " + shape_text(array) +
                      ", whose height and width are not multiples of " + std::to_string(unit) + ".",
                  "Pad the frame with numpy.pad(..., mode='edge').");
}

inline Extent cells_of(const py::array& array, const char* name) {
    const Extent extent = extent_of(array, name);
    require_multiples(array, name, extent, 4);
    return extent;
}

inline void require(bool satisfied, const std::string& message, const std::string& hint) {
    if (!satisfied) throw Refused("InputError", message, hint);
}

inline void require_threads(int threads) {
    require(threads >= 1, "threads is " + std::to_string(threads) + ".", "Pass at least 1.");
}

inline void require_classes(py::ssize_t classes) {
    require(classes >= 1 && classes <= kMaxClasses, "There are " + std::to_string(classes) + " classes.",
            "Pass from 1 to 256 classes.");
}

// `out` when the caller brought one that can be written in place, else a new array.
inline Array<float> output_array(const py::object& out, const std::vector<py::ssize_t>& shape) {
    if (out.is_none()) return Array<float>(shape);
    const auto array = checked<float>(out, "out", shape);
    // A subclass such as a memory map comes as another object on the same memory.
    const bool in_place = array.data() == py::reinterpret_borrow<py::array>(out).data();
    require(in_place, "out is not contiguous.", "Pass a C-contiguous array.");
    require(array.writeable(), "out is read-only.", "Pass a writeable array.");
    return array;
}

}  // namespace thermal
