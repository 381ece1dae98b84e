#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>

#include "conditions.h"
#include "planes.h"
#include "python/checks.h"
#include "rows.h"

namespace thermal {
namespace {

// A part of a plane is copied row by row; channels that follow each other are part of a row.
void copy_part_of(const py::object& part_argument, const py::object& out_argument) {
    require_array<float>(part_argument, "part", {kAny, kAny, kAny});
    constexpr py::ssize_t kFloat = sizeof(float);
    auto part = py::reinterpret_borrow<py::array>(part_argument);
    const bool in_floats = part.strides(0) % kFloat == 0 && part.strides(1) % kFloat == 0;
    if (!in_floats || part.strides(2) != kFloat) part = Array<float>::ensure(part);
    const py::ssize_t count = part.shape(0), rows = part.shape(1), floats = part.shape(2);
    Array<float> out = output_array(out_argument, {count, rows, floats});
    const py::ssize_t step = part.strides(0) / kFloat, row_step = part.strides(1) / kFloat;
    const auto* source = static_cast<const float*>(part.data());
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    if (row_step == floats) {
        copy_rows({source, count, rows * floats, step}, target);
        return;
    }
    for (py::ssize_t i = 0; i < count; ++i)
        copy_rows({source + i * step, rows, floats, row_step}, target + i * rows * floats);
}

Array<float> planes_of(const py::object& rgb_argument, int threads, const py::object& out_argument) {
    const auto rgb = checked<uint8_t>(rgb_argument, "rgb", {kAny, kAny, 3});
    const Extent extent = extent_of(rgb, "rgb");
    require_threads(threads);
    Array<float> out = output_array(out_argument, {3, extent.height, extent.width});
    const uint8_t* source = rgb.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    planes(source, extent.height, extent.width, threads, target);
    return out;
}

Array<float> planes_4_of(const py::object& rgb_argument, int threads, const py::object& out_argument) {
    const auto rgb = checked<uint8_t>(rgb_argument, "rgb", {kAny, kAny, 3});
    const Extent extent = cells_of(rgb, "rgb");
    require_threads(threads);
    Array<float> out = output_array(out_argument, {3, extent.height / 4, extent.width / 4});
    const uint8_t* source = rgb.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    planes_4(source, extent.height, extent.width, threads, target);
    return out;
}

Array<float> conditions_of(const py::object& labels_argument, const py::object& thermal_labels_argument,
                           int classes, float offset, float scale, int threads,
                           const py::object& out_argument) {
    const auto labels = checked<uint8_t>(labels_argument, "labels", {kAny, kAny});
    const Extent extent = cells_of(labels, "labels");
    const auto thermal_labels =
        checked<float>(thermal_labels_argument, "thermal_labels", {extent.height, extent.width});
    require_classes(classes);
    require_threads(threads);
    require(std::isfinite(offset), "offset is not finite.", "Pass kelvin, such as 283.15.");
    require(std::isfinite(scale) && scale > 0.0f, "scale is not positive.", "Pass kelvin, such as 20.0.");
    Array<float> out = output_array(out_argument, {classes, 3, extent.height / 4, extent.width / 4});
    const uint8_t* source = labels.data();
    const float* temperatures = thermal_labels.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    conditions(source, temperatures, extent.height, extent.width, classes, {offset, scale}, threads, target);
    return out;
}

Array<float> class_fractions_of(const py::object& labels_argument, int classes,
                                const py::object& out_argument) {
    const auto labels = checked<uint8_t>(labels_argument, "labels", {kAny, kAny});
    const Extent extent = cells_of(labels, "labels");
    require_classes(classes);
    Array<float> out = output_array(out_argument, {classes, extent.height / 4, extent.width / 4});
    const uint8_t* source = labels.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    class_fractions(source, extent.height, extent.width, classes, target);
    return out;
}

py::array_t<uint8_t> labels_from_logits_of(const py::object& logits_argument, int threads) {
    const auto logits = checked<float>(logits_argument, "logits", {kAny, kAny, kAny});
    require_classes(logits.shape(0));
    const Extent extent = extent_of(logits, "logits", 1);
    require_threads(threads);
    const int classes = static_cast<int>(logits.shape(0));
    py::array_t<uint8_t> out({4 * extent.height, 4 * extent.width});
    const float* source = logits.data();
    uint8_t* target = out.mutable_data();
    const py::gil_scoped_release release;
    labels_from_logits(source, classes, extent.height, extent.width, threads, target);
    return out;
}

}  // namespace

inline void bind_network_inputs(py::module_& module) {
    using py::arg;
    module.def("copy_part", copy_part_of, arg("part"), arg("out"));
    module.def("planes", planes_of, arg("rgb"), arg("threads") = 1, arg("out") = py::none());
    module.def("planes_4", planes_4_of, arg("rgb"), arg("threads") = 1, arg("out") = py::none());
    module.def("conditions", conditions_of, arg("labels"), arg("thermal_labels"), arg("classes"),
               arg("offset"), arg("scale"), arg("threads") = 1, arg("out") = py::none());
    module.def("class_fractions", class_fractions_of, arg("labels"), arg("classes"), arg("out") = py::none());
    module.def("labels_from_logits", labels_from_logits_of, arg("logits"), arg("threads") = 1);
}

}  // namespace thermal
