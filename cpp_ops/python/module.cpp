// thermalsdk._ops. Its functions lie beside this file, by what they work on: each checks its arguments, gives
// Python's lock back and calls its driver. Signatures are in _ops.pyi, what each computes in
// compositing/reference.py. All are one translation unit, because pybind11 costs ten seconds in each.
#include <pybind11/pybind11.h>

#include <exception>

#include "processor.h"
#include "python/bind_composition.h"
#include "python/bind_network_inputs.h"
#include "python/bind_objects.h"
#include "python/bind_pictures.h"
#include "python/bind_reduction.h"
#include "refused.h"
#ifdef THERMAL_CUDA
#include "cuda/bind_cuda.h"
#endif

namespace thermal {
namespace {

namespace py = pybind11;

void raise_in_python(std::exception_ptr raised) {
    try {
        if (raised) std::rethrow_exception(raised);
    } catch (const Refused& refused) {
        const py::object error_class = py::module_::import("thermalsdk.errors").attr(refused.error_class);
        const py::object error = error_class(refused.what(), refused.hint);
        PyErr_SetObject(error_class.ptr(), error.ptr());
    }
}

}  // namespace
}  // namespace thermal

PYBIND11_MODULE(_ops, module) {
    using namespace thermal;
    module.doc() = "Per-pixel work of thermalsdk. thermalsdk.compositing is its public face.";
    py::register_local_exception_translator(raise_in_python);
    bind_objects(module);
    bind_composition(module);
    bind_network_inputs(module);
    bind_reduction(module);
    bind_pictures(module);
    module.attr("sums_int8_exactly") = sums_int8_exactly();
#ifdef THERMAL_CUDA
    module.attr("has_cuda") = true;
    bind_cuda(module);
#else
    module.attr("has_cuda") = false;
#endif
}
