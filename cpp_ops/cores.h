// Cores: pixels whose windows hold one class. There the composition has nothing to blend.
#pragma once

#include <cstdint>
#include <vector>

namespace thermal {

// Marks the cores of rows that come one after another. Kept by a thread from frame to frame.
class CoreMarker {
  public:
    // marks[x] is 1 where the window around pixel x of row y of the class map is in one class, else 0.
    void mark(const uint8_t* labels, int height, int width, int feather, int y, uint8_t* marks);

  private:
    std::vector<uint8_t> column_;  // differences over the rows of the window
};

}  // namespace thermal
