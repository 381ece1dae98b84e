#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "object_values.h"
#include "objects.h"
#include "pixel.h"
#include "python/checks.h"

namespace thermal {
namespace {

void analyse_into(ObjectMap& objects, const py::object& labels_argument,
                  const py::object& instances_argument) {
    const auto labels = checked<uint8_t>(labels_argument, "labels", {kAny, kAny});
    const Extent extent = extent_of(labels, "labels");
    Array<uint16_t> instances;
    if (!instances_argument.is_none())
        instances = checked<uint16_t>(instances_argument, "instances", {extent.height, extent.width});
    const uint8_t* source = labels.data();
    const uint16_t* ids = instances_argument.is_none() ? nullptr : instances.data();
    const py::gil_scoped_release release;
    objects.analyse(source, ids, extent.height, extent.width);
}

std::unique_ptr<ObjectMap> new_object_map(int feather) {
    require(feather >= 0 && feather <= kMaxFeather, "feather is " + std::to_string(feather) + ".",
            "Pass from 0 to " + std::to_string(kMaxFeather) + " pixels.");
    return std::make_unique<ObjectMap>(feather);
}

py::array_t<int32_t> ids_of(const ObjectMap& objects) {
    py::array_t<int32_t> out({objects.height(), objects.width()});
    int32_t* target = out.mutable_data();
    const py::gil_scoped_release release;
    write_ids(objects, target);
    return out;
}

py::tuple connected_components_of(const py::object& labels, const py::object& instances) {
    ObjectMap objects(0);
    analyse_into(objects, labels, instances);
    return py::make_tuple(ids_of(objects), objects.count());
}

py::array_t<float> object_means_of(const ObjectMap& objects, const py::object& values_argument, int stride) {
    require(stride >= 1, "stride is " + std::to_string(stride) + ".", "Pass at least 1.");
    const auto values =
        checked<float>(values_argument, "values",
                       {(objects.height() + stride - 1) / stride, (objects.width() + stride - 1) / stride});
    py::array_t<float> means(objects.count());
    const float* source = values.data();
    float* target = means.mutable_data();
    const py::gil_scoped_release release;
    object_means(objects, source, stride, target);
    return means;
}

py::array_t<float> paint_of(const ObjectMap& objects, const py::object& values_argument) {
    const auto values = checked<float>(values_argument, "values", {objects.count()});
    py::array_t<float> out({objects.height(), objects.width()});
    const float* source = values.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    paint(objects, source, target);
    return out;
}

}  // namespace

inline void bind_objects(py::module_& module) {
    using py::arg;
    py::class_<ObjectMap>(module, "ObjectMap")
        .def(py::init(&new_object_map), arg("feather"))
        .def("analyse", analyse_into, arg("labels"), arg("instances") = py::none())
        .def_property_readonly("count", &ObjectMap::count)
        .def("ids", ids_of);
    module.def("connected_components", connected_components_of, arg("labels"), arg("instances") = py::none());
    module.def("object_means", object_means_of, arg("objects"), arg("values"), arg("stride") = 1);
    module.def("paint", paint_of, arg("objects"), arg("values"));
}

}  // namespace thermal
