#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

#include "python/checks.h"
#include "reduction.h"

namespace thermal {
namespace {

void require_factor(int factor) {
    require(2 <= factor && factor <= kMostReduction, "factor is " + std::to_string(factor) + ".",
            "Pass from 2 to " + std::to_string(kMostReduction) + "; split a larger frame into tiles.");
}

py::array_t<uint8_t> reduce_of(const py::object& rgb_argument, int factor, int threads) {
    const auto rgb = checked<uint8_t>(rgb_argument, "rgb", {kAny, kAny, 3});
    const Extent extent = extent_of(rgb, "rgb");
    require_factor(factor);
    require_threads(threads);
    py::array_t<uint8_t> out({squares(extent.height, factor), squares(extent.width, factor), 3});
    const uint8_t* source = rgb.data();
    uint8_t* target = out.mutable_data();
    const py::gil_scoped_release release;
    reduce(source, extent.height, extent.width, factor, threads, target);
    return out;
}

Array<float> enlarge_of(const py::object& plane_argument, int factor, const py::object& out_argument) {
    const auto plane = checked<float>(plane_argument, "plane", {kAny, kAny});
    const Extent extent = extent_of(plane, "plane");
    require_factor(factor);
    Array<float> out = output_array(out_argument, {factor * plane.shape(0), factor * plane.shape(1)});
    const float* source = plane.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    enlarge(source, extent.height, extent.width, factor, target);
    return out;
}

}  // namespace

inline void bind_reduction(py::module_& module) {
    using py::arg;
    module.def("reduce", reduce_of, arg("rgb"), arg("factor"), arg("threads") = 1);
    module.def("enlarge", enlarge_of, arg("plane"), arg("factor"), arg("out") = py::none());
}

}  // namespace thermal
