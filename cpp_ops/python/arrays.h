// Checks of NumPy arguments. A wrong array is refused by name before any work; a strided one is copied.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "refused.h"

namespace thermal {

namespace py = pybind11;

template <typename T>
using Array = py::array_t<T, py::array::c_style>;

inline std::string shape_text(const std::vector<py::ssize_t>& shape) {
    std::string text = "(";
    for (size_t i = 0; i < shape.size(); ++i) {
        text += (i > 0 ? ", " : "") + (shape[i] < 0 ? std::string("any") : std::to_string(shape[i]));
    }
    return text + (shape.size() == 1 ? ",)" : ")");
}

inline std::string shape_text(const py::array& array) {
    return shape_text(std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()));
}

// Refuses what is no array of T and `shape`. A dimension of -1 may have any size but 0.
template <typename T>
void require_array(const py::handle& argument, const char* name, const std::vector<py::ssize_t>& shape) {
    const auto dtype = [] { return std::string(py::str(static_cast<py::object>(py::dtype::of<T>()))); };
    if (!py::isinstance<py::array>(argument)) {
        const std::string type = py::str(py::type::of(argument).attr("__name__"));
        throw Refused("DtypeError", std::string(name) + " is a " + type + ", not a NumPy array.",
                      std::string("Pass ") + name + " as an array of " + dtype() + ".");
    }
    const auto array = py::reinterpret_borrow<py::array>(argument);
    if (!py::isinstance<py::array_t<T>>(array)) {
        const std::string found = py::str(static_cast<py::object>(array.dtype()));
        throw Refused("DtypeError", std::string(name) + " holds " + found + ", not " + dtype() + ".",
                      std::string("Convert with ") + name + ".astype('" + dtype() + "').");
    }
    bool fits = array.ndim() == static_cast<py::ssize_t>(shape.size());
    for (py::ssize_t i = 0; fits && i < array.ndim(); ++i) {
        fits = array.shape(i) > 0 && (shape[i] < 0 || array.shape(i) == shape[i]);
    }
    if (!fits) {
        throw Refused(
            "ShapeError",
            std::string(name) + " has the shape " + shape_text(array) + ", not " + shape_text(shape) + ".",
            "Every plane of one call has the same height and width.");
    }
}

// The argument as a contiguous array of T and that shape.
template <typename T>
Array<T> checked(const py::handle& argument, const char* name, const std::vector<py::ssize_t>& shape) {
    require_array<T>(argument, name, shape);
    return Array<T>::ensure(argument);
}

}  // namespace thermal
