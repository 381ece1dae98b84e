#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "composite.h"
#include "contrast_means.h"
#include "objects.h"
#include "patches.h"
#include "python/checks.h"
#include "reduction.h"
#include "regions.h"

namespace thermal {
namespace {

py::array_t<int32_t> plan_regions_of(const py::object& labels_argument, int classes, int growth, int overhead,
                                     std::vector<int> sizes, int reduction) {
    const auto labels = checked<uint8_t>(labels_argument, "labels", {kAny, kAny});
    const Extent extent = extent_of(labels, "labels");
    require(1 <= reduction && reduction <= kMostReduction, "reduction is " + std::to_string(reduction) + ".",
            "Pass from 1, for networks that see every pixel, to " + std::to_string(kMostReduction) + ".");
    const RegionRules rules{growth, overhead, std::move(sizes), reduction};
    require_multiples(labels, "labels", extent, rules.cell());
    require_classes(classes);
    require(growth >= 0 && overhead >= 0, "growth or overhead is negative.", "Pass cells, 0 or more.");
    require(std::is_sorted(rules.sizes.begin(), rules.sizes.end()), "sizes are not in order.", "Sort them.");
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
            for (const int edge : {box.top, box.left, box.bottom, box.right}) *row++ = edge * rules.cell();
        }
    }
    return out;
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

}  // namespace

inline void bind_composition(py::module_& module) {
    using py::arg;
    module.def("plan_regions", plan_regions_of, arg("labels"), arg("classes"), arg("growth"), arg("overhead"),
               arg("sizes"), arg("reduction") = 1);
    module.def("contrast_sums", contrast_sums_of, arg("objects"), arg("regions"), arg("index"),
               arg("contrasts"), arg("sums"));
    module.def("composite", composite_of, arg("objects"), arg("regions"), arg("contrasts"), arg("sums"),
               arg("thermal_labels"), arg("contrast_kelvin"), arg("threads") = 1, arg("out") = py::none());
}

}  // namespace thermal
