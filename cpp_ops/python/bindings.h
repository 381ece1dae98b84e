// The functions of thermalsdk._ops by what they work on. Each checks its arguments, gives Python's lock back
// and calls its driver. Signatures are in _ops.pyi, what each computes in compositing/reference.py.
#pragma once

#include <pybind11/pybind11.h>

namespace thermal {

void bind_objects(pybind11::module_& module);
void bind_composition(pybind11::module_& module);
void bind_network_inputs(pybind11::module_& module);
void bind_reduction(pybind11::module_& module);
void bind_pictures(pybind11::module_& module);

}  // namespace thermal
