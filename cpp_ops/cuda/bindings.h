#pragma once

#include <pybind11/pybind11.h>

namespace thermal {

// Adds composite_cuda and composite_cuda_scratch to the module.
void bind_cuda(pybind11::module_& module);

}  // namespace thermal
