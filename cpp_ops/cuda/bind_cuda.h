#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cuda/composite.h"
#include "pixel.h"
#include "refused.h"

namespace py = pybind11;

namespace thermal {
namespace {

// An address in device memory, as torch's data_ptr() or __cuda_array_interface__ gives it.
using Address = uintptr_t;

template <typename T>
T* pointer(Address address) {
    return reinterpret_cast<T*>(address);
}

void composite_cuda(int height, int width, int object_count, Address labels, Address objects,
                    const std::vector<std::optional<Address>>& contrasts, Address thermal_labels,
                    float contrast_kelvin, int feather, Address scratch, std::optional<Address> out,
                    Address stream, std::optional<Address> raw16, std::optional<Address> grey,
                    std::optional<Address> agc_table) {
    if (height < 1 || width < 1 || object_count < 1) {
        throw Refused("ShapeError", "height, width and object_count must be at least 1.",
                      "Pass the sizes of the planes.");
    }
    if (contrasts.empty() || contrasts.size() > kMaxDeviceClasses) {
        throw Refused("InputError", "There are " + std::to_string(contrasts.size()) + " classes.",
                      "Pass from 1 to " + std::to_string(kMaxDeviceClasses) + " classes on a GPU.");
    }
    if (feather < 0 || feather > kMaxFeather) {
        throw Refused("InputError", "feather is " + std::to_string(feather) + ".",
                      "Pass from 0 to " + std::to_string(kMaxFeather) + " pixels.");
    }
    if (grey && !agc_table) {
        throw Refused("InputError", "grey is wanted without an agc_table.",
                      "Pass the address of " + std::to_string(kAgcEntries) + " greys, one for each count.");
    }
    DeviceComposite input{
        height,
        width,
        object_count,
        pointer<const uint8_t>(labels),
        pointer<const int32_t>(objects),
        {},
        pointer<const float>(thermal_labels),
        contrast_kelvin,
        feather,
        pointer<void>(scratch),
        {pointer<float>(out.value_or(0)), pointer<uint16_t>(raw16.value_or(0)),
         pointer<uint8_t>(grey.value_or(0)), pointer<const uint8_t>(agc_table.value_or(0))}};
    for (size_t k = 0; k < contrasts.size(); ++k) {
        input.contrasts[k] = pointer<const float>(contrasts[k].value_or(0));
    }
    const char* failure;
    {
        const py::gil_scoped_release release;
        failure = composite_on_device(input, pointer<void>(stream));
    }
    if (failure != nullptr) {
        throw Refused("InferenceError",
                      std::string("The composition did not start on the GPU: ") + failure + ".",
                      "Check the driver with nvidia-smi, or compose on the CPU.");
    }
}

}  // namespace

// Adds composite_cuda and composite_cuda_scratch.
inline void bind_cuda(py::module_& module) {
    using py::arg;
    module.def("composite_cuda_scratch", composite_scratch_bytes, arg("object_count"));
    module.def("composite_cuda", composite_cuda, arg("height"), arg("width"), arg("object_count"),
               arg("labels"), arg("objects"), arg("contrasts"), arg("thermal_labels"), arg("contrast_kelvin"),
               arg("feather"), arg("scratch"), arg("out"), arg("stream"), arg("raw16") = py::none(),
               arg("grey") = py::none(), arg("agc_table") = py::none());
}

}  // namespace thermal
