// thermalsdk._ops: checks arguments, releases the GIL and calls the drivers. Signatures are in _ops.pyi, what
// each function computes in compositing/reference.py.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "blur.h"
#include "composite.h"
#include "conditions.h"
#include "contrast_means.h"
#include "display.h"
#include "lookup.h"
#include "object_values.h"
#include "objects.h"
#include "patches.h"
#include "pixel.h"
#include "planes.h"
#include "processor.h"
#include "refused.h"
#include "regions.h"
#include "rows.h"
#ifdef THERMAL_CUDA
#include "cuda/bindings.h"
#endif

namespace thermal {
namespace {

constexpr py::ssize_t kAny = -1;
constexpr int kMaxClasses = 256;

// Height and width of a plane whose pixels can be numbered with 32 bits.
struct Extent {
    int height;
    int width;
};

Extent extent_of(const py::array& array, const char* name, int row_axis = 0) {
    const py::ssize_t height = array.shape(row_axis);
    const py::ssize_t width = array.shape(row_axis + 1);
    if (height > std::numeric_limits<int32_t>::max() / width) {
        throw Refused("ShapeError", std::string(name) + " has more than 2^31 pixels.",
                      "Split the frame into tiles.");
    }
    return {static_cast<int>(height), static_cast<int>(width)};
}

void require_multiples(const py::array& array, const char* name, Extent extent, int unit) {
    if (extent.height % unit == 0 && extent.width % unit == 0) return;
    throw Refused("ShapeError",
                  std::string(name) + " has the shape " + shape_text(array) +
                      ", whose height and width are not multiples of " + std::to_string(unit) + ".",
                  "Pad the frame with numpy.pad(..., mode='edge').");
}

Extent cells_of(const py::array& array, const char* name) {
    const Extent extent = extent_of(array, name);
    require_multiples(array, name, extent, 4);
    return extent;
}

void require(bool satisfied, const std::string& message, const std::string& hint) {
    if (!satisfied) throw Refused("InputError", message, hint);
}

void require_threads(int threads) {
    require(threads >= 1, "threads is " + std::to_string(threads) + ".", "Pass at least 1.");
}

void require_classes(py::ssize_t classes) {
    require(classes >= 1 && classes <= kMaxClasses, "There are " + std::to_string(classes) + " classes.",
            "Pass from 1 to 256 classes.");
}

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

// `out` when the caller brought one that can be written in place, else a new array.
Array<float> output_array(const py::object& out, const std::vector<py::ssize_t>& shape) {
    if (out.is_none()) return Array<float>(shape);
    const auto array = checked<float>(out, "out", shape);
    // A subclass such as a memory map comes as another object on the same memory.
    const bool in_place = array.data() == py::reinterpret_borrow<py::array>(out).data();
    require(in_place, "out is not contiguous.", "Pass a C-contiguous array.");
    require(array.writeable(), "out is read-only.", "Pass a writeable array.");
    return array;
}

// Rows of plan_regions, with the contrasts of their boxes one after another.
class Regions {
  public:
    Regions(const py::object& regions, const py::object& contrasts)
        : rows_(checked<int32_t>(regions, "regions", {kAny, kColumns})),
          contrasts_(checked<float>(contrasts, "contrasts", {kAny})) {}

    int count() const { return static_cast<int>(rows_.shape(0)); }

    // What was made of one region, where so many pixels come before it. Moves on behind it.
    Patch patch(int index, ptrdiff_t& offset) const {
        const int32_t* row = rows_.data(index, 0);
        const Patch patch{row[0],
                          {row[1], row[2], row[3], row[4]},
                          {row[5], row[6], row[7], row[8]},
                          contrasts_.data() + offset};
        const PixelBox &core = patch.core, &box = patch.box;
        require(0 <= patch.label && patch.label < kMaxClasses && 0 <= box.top && box.top <= core.top &&
                    core.top < core.bottom && core.bottom <= box.bottom && 0 <= box.left &&
                    box.left <= core.left && core.left < core.right && core.right <= box.right,
                "regions[" + std::to_string(index) + "] is no core in a box.", kPlan);
        offset += box.area();
        require(offset <= contrasts_.size(),
                "contrasts hold " + std::to_string(contrasts_.size()) + " values, fewer than the boxes.",
                "Pass the contrasts of every box, one after another.");
        return patch;
    }

    Patch patch(int wanted) const {
        require(0 <= wanted && wanted < count(), "There is no region " + std::to_string(wanted) + ".", kPlan);
        ptrdiff_t offset = 0;
        for (int index = 0; index < wanted; ++index) patch(index, offset);
        return patch(wanted, offset);
    }

    void patches(std::vector<Patch>& all) const {
        all.clear();
        ptrdiff_t offset = 0;
        for (int index = 0; index < count(); ++index) all.push_back(patch(index, offset));
    }

  private:
    static constexpr py::ssize_t kColumns = 9;
    static constexpr const char* kPlan = "Plan the regions with thermalsdk.compositing.plan_regions.";

    Array<int32_t> rows_;
    Array<float> contrasts_;
};

void contrast_sums_of(const ObjectMap& objects, const py::object& regions_argument, int index,
                      const py::object& contrasts_argument, const py::object& sums_argument) {
    const Regions regions(regions_argument, contrasts_argument);
    const Patch patch = regions.patch(index);
    Array<float> sums = output_array(sums_argument, {regions.count(), objects.count()});
    float* target = sums.mutable_data(index, 0);
    const py::gil_scoped_release release;
    contrast_sums(objects, patch, target);
}

Array<float> composite_of(const ObjectMap& objects, const py::object& regions_argument,
                          const py::object& contrasts_argument, const py::object& sums_argument,
                          const py::object& thermal_labels_argument, float contrast_kelvin, int threads,
                          const py::object& out_argument) {
    const std::vector<py::ssize_t> shape{objects.height(), objects.width()};
    const Regions regions(regions_argument, contrasts_argument);
    const auto sums = checked<float>(sums_argument, "sums", {regions.count(), objects.count()});
    const auto thermal_labels = checked<float>(thermal_labels_argument, "thermal_labels", shape);
    require_threads(threads);
    require(std::isfinite(contrast_kelvin), "contrast_kelvin is not finite.", "Pass kelvin, such as 10.0.");
    Array<float> out = output_array(out_argument, shape);
    thread_local std::vector<Patch> patches;
    regions.patches(patches);
    const CompositeInput input{objects, patches, sums.data(), thermal_labels.data(), contrast_kelvin};
    float* target = out.mutable_data();
    {
        const py::gil_scoped_release release;
        composite(input, threads, target);
    }
    return out;
}

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

Array<float> planes_of(const py::object& rgb_argument, const py::object& out_argument) {
    const auto rgb = checked<uint8_t>(rgb_argument, "rgb", {kAny, kAny, 3});
    const Extent extent = extent_of(rgb, "rgb");
    Array<float> out = output_array(out_argument, {3, extent.height, extent.width});
    const uint8_t* source = rgb.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    planes(source, extent.height, extent.width, target);
    return out;
}

Array<float> planes_4_of(const py::object& rgb_argument, const py::object& out_argument) {
    const auto rgb = checked<uint8_t>(rgb_argument, "rgb", {kAny, kAny, 3});
    const Extent extent = cells_of(rgb, "rgb");
    Array<float> out = output_array(out_argument, {3, extent.height / 4, extent.width / 4});
    const uint8_t* source = rgb.data();
    float* target = out.mutable_data();
    const py::gil_scoped_release release;
    planes_4(source, extent.height, extent.width, target);
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

py::array_t<uint8_t> labels_from_logits_of(const py::object& logits_argument) {
    const auto logits = checked<float>(logits_argument, "logits", {kAny, kAny, kAny});
    require_classes(logits.shape(0));
    const Extent extent = extent_of(logits, "logits", 1);
    const int classes = static_cast<int>(logits.shape(0));
    py::array_t<uint8_t> out({4 * extent.height, 4 * extent.width});
    const float* source = logits.data();
    uint8_t* target = out.mutable_data();
    const py::gil_scoped_release release;
    labels_from_logits(source, classes, extent.height, extent.width, target);
    return out;
}

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

py::array_t<int32_t> plan_regions_of(const py::object& labels_argument, int classes, int growth, int overhead,
                                     std::vector<int> sizes) {
    const auto labels = checked<uint8_t>(labels_argument, "labels", {kAny, kAny});
    const Extent extent = extent_of(labels, "labels");
    require_multiples(labels, "labels", extent, kRegionCell);
    require_classes(classes);
    require(growth >= 0 && overhead >= 0, "growth or overhead is negative.", "Pass cells, 0 or more.");
    require(std::is_sorted(sizes.begin(), sizes.end()), "sizes are not in order.", "Sort them.");
    const RegionRules rules{growth, overhead, std::move(sizes)};
    const std::vector<PlannedRegion>& regions = [&]() -> const std::vector<PlannedRegion>& {
        const uint8_t* source = labels.data();
        const py::gil_scoped_release release;
        return plan_regions(source, extent.height, extent.width, classes, rules);
    }();
    py::array_t<int32_t> out({static_cast<py::ssize_t>(regions.size()), py::ssize_t{9}});
    int32_t* row = out.mutable_data();
    for (const PlannedRegion& region : regions) {
        *row++ = region.class_id;
        for (const CellBox& box : {region.core, region.box}) {
            for (const int edge : {box.top, box.left, box.bottom, box.right}) *row++ = edge * kRegionCell;
        }
    }
    return out;
}

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
    using py::arg;
    module.doc() = "Per-pixel work of thermalsdk. thermalsdk.compositing is its public face.";
    py::register_local_exception_translator(raise_in_python);
    py::class_<ObjectMap>(module, "ObjectMap")
        .def(py::init(&new_object_map), arg("feather"))
        .def("analyse", analyse_into, arg("labels"), arg("instances") = py::none())
        .def_property_readonly("count", &ObjectMap::count)
        .def("ids", ids_of);
    module.def("connected_components", connected_components_of, arg("labels"), arg("instances") = py::none());
    module.def("object_means", object_means_of, arg("objects"), arg("values"), arg("stride") = 1);
    module.def("contrast_sums", contrast_sums_of, arg("objects"), arg("regions"), arg("index"),
               arg("contrasts"), arg("sums"));
    module.def("composite", composite_of, arg("objects"), arg("regions"), arg("contrasts"), arg("sums"),
               arg("thermal_labels"), arg("contrast_kelvin"), arg("threads") = 1, arg("out") = py::none());
    module.def("paint", paint_of, arg("objects"), arg("values"));
    module.def("copy_part", copy_part_of, arg("part"), arg("out"));
    module.def("planes", planes_of, arg("rgb"), arg("out") = py::none());
    module.def("planes_4", planes_4_of, arg("rgb"), arg("out") = py::none());
    module.def("conditions", conditions_of, arg("labels"), arg("thermal_labels"), arg("classes"),
               arg("offset"), arg("scale"), arg("threads") = 1, arg("out") = py::none());
    module.def("class_fractions", class_fractions_of, arg("labels"), arg("classes"), arg("out") = py::none());
    module.def("labels_from_logits", labels_from_logits_of, arg("logits"));
    module.def("plan_regions", plan_regions_of, arg("labels"), arg("classes"), arg("growth"), arg("overhead"),
               arg("sizes"));
    module.def("interpolate", interpolate_of, arg("positions"), arg("table"), arg("low"), arg("step"));
    module.def("take", take_of, arg("indices"), arg("table"));
    module.def("blur", blur_of, arg("values"), arg("weights"));
    module.def("raw16", raw16_of, arg("kelvin"));
    module.def("agc_linear", agc_linear_of, arg("kelvin"), arg("low"), arg("high"));
    module.attr("sums_int8_exactly") = sums_int8_exactly();
#ifdef THERMAL_CUDA
    module.attr("has_cuda") = true;
    bind_cuda(module);
#else
    module.attr("has_cuda") = false;
#endif
}
