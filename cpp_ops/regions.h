// Where each layer runs: boxes around its class.
#pragma once

#include <cstdint>
#include <vector>

namespace thermal {

// Boxes start and end at multiples of this many pixels as the networks see them, the stride of the coarsest
// feature.
constexpr int kRegionCell = 8;

// Rows and columns in cells; ends are exclusive.
struct CellBox {
    int top;
    int left;
    int bottom;
    int right;
};

// One run of one layer: the pixels of its class in `core` need what it makes of `box`.
struct PlannedRegion {
    int class_id;
    CellBox core;
    CellBox box;
};

struct RegionRules {
    int growth;              // cells that a layer sees beyond a core, on every side
    int overhead;            // cost of one run, in cells
    std::vector<int> sizes;  // sides that a box may have, in cells, increasing; or the frame's own side
    int reduction = 1;       // pixels of the map, along each axis, that the networks see as one

    // Pixels of the map along each axis of a cell.
    int cell() const { return kRegionCell * reduction; }
};

// Regions of every class below `classes`, by class, then top to bottom and left to right as they were cut;
// good until the calling thread's next call. height and width are multiples of a cell. Throws Refused for a
// label that is not below `classes`.
const std::vector<PlannedRegion>& plan_regions(const uint8_t* labels, int height, int width, int classes,
                                               const RegionRules& rules);

}  // namespace thermal
