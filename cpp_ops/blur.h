// Point spread of a camera.
#pragma once

namespace thermal {

// Convolution along the columns, then along the rows, with `reach` + 1 weights for the distances 0, 1, 2, ...
// to both sides; edges go on. `row` is scratch of width + 2 * reach floats.
void blur(const float* values, int height, int width, const float* weights, int reach, float* row,
          float* out);

}  // namespace thermal
