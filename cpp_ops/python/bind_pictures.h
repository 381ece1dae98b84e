#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "blur.h"
#include "display.h"
#include "lookup.h"
#include "python/checks.h"

namespace thermal {
namespace {

py::array_t<uint16_t> raw16_of(const py::object& kelvin_argument) {
    const auto kelvin = checked<float>(kelvin_argument, "kelvin", {kAny, kAny});
    py::array_t<uint16_t> out({kelvin.shape(0), kelvin.shape(1)});
    const float* source = kelvin.data();
    uint16_t* target = out.mutable_data();
    const ptrdiff_t pixels = kelvin.size();
    const py::gil_scoped_release release;
    raw16(source, pixels, target);
    return out;
}

py::array_t<uint8_t> agc_linear_of(const py::object& kelvin_argument, float low, float high) {
    const auto kelvin = checked<float>(kelvin_argument, "kelvin", {kAny, kAny});
    require(std::isfinite(low) && std::isfinite(high) && low < high, "low is not below high.",
            "Pass two finite temperatures in kelvin, the lower one first.");
    py::array_t<uint8_t> out({kelvin.shape(0), kelvin.shape(1)});
    const float* source = kelvin.data();
    uint8_t* target = out.mutable_data();
    const ptrdiff_t pixels = kelvin.size();
    const py::gil_scoped_release release;
    agc_linear(source, pixels, low, high, target);
    return out;
}

py::array_t<float> interpolate_of(const py::object& positions_argument, const py::object& table_argument,
                                  float low, float step) {
    const auto positions = checked<float>(positions_argument, "positions", {kAny, kAny});
    const auto values = checked<float>(table_argument, "table", {kAny});
    require(values.size() >= 2, "table has one entry.", "Pass two or more.");
    require(std::isfinite(low) && std::isfinite(step) && step > 0.0f, "step is not positive.",
            "Pass a finite low and a positive step.");
    const LookupTable table{values.data(), static_cast<int>(values.size()), low, step};
    py::array_t<float> out({positions.shape(0), positions.shape(1)});
    const float* source = positions.data();
    float* target = out.mutable_data();
    const ptrdiff_t pixels = positions.size();
    const py::gil_scoped_release release;
    interpolate(source, pixels, table, target);
    return out;
}

template <typename Index, typename Value>
py::array taken(const py::object& indices_argument, const py::object& table_argument) {
    constexpr py::ssize_t kEntries = py::ssize_t{1} << (8 * sizeof(Index));
    const auto indices = checked<Index>(indices_argument, "indices", {kAny, kAny});
    const auto table = checked<Value>(table_argument, "table", {kEntries});
    py::array_t<Value> out({indices.shape(0), indices.shape(1)});
    const Index* source = indices.data();
    const Value* values = table.data();
    Value* target = out.mutable_data();
    const ptrdiff_t pixels = indices.size();
    {
        const py::gil_scoped_release release;
        take(source, pixels, values, target);
    }
    return out;  // as another type, which counts a reference
}

py::array take_of(const py::object& indices, const py::object& table) {
    const bool bytes = py::isinstance<py::array_t<uint8_t>>(table);
    if (py::isinstance<py::array_t<uint16_t>>(indices)) {
        return bytes ? taken<uint16_t, uint8_t>(indices, table) : taken<uint16_t, float>(indices, table);
    }
    return bytes ? taken<uint8_t, uint8_t>(indices, table) : taken<uint8_t, float>(indices, table);
}

py::array_t<float> blur_of(const py::object& values_argument, const py::object& weights_argument) {
    const auto values = checked<float>(values_argument, "values", {kAny, kAny});
    const auto weights = checked<float>(weights_argument, "weights", {kAny});
    const Extent extent = extent_of(values, "values");
    const int reach = static_cast<int>(weights.size()) - 1;
    py::array_t<float> out({extent.height, extent.width});
    std::vector<float> row(extent.width + 2 * static_cast<size_t>(reach));
    const float* source = values.data();
    const float* factors = weights.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    blur(source, extent.height, extent.width, factors, reach, row.data(), target);
    return out;
}

}  // namespace

inline void bind_pictures(py::module_& module) {
    using py::arg;
    module.def("interpolate", interpolate_of, arg("positions"), arg("table"), arg("low"), arg("step"));
    module.def("take", take_of, arg("indices"), arg("table"));
    module.def("blur", blur_of, arg("values"), arg("weights"));
    module.def("raw16", raw16_of, arg("kelvin"));
    module.def("agc_linear", agc_linear_of, arg("kelvin"), arg("low"), arg("high"));
}

}  // namespace thermal
