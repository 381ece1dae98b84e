// Every thread of every block of the CUDA kernel, one after the other, on a machine without a GPU.
#include "cuda/kernel.h"

namespace {

template <int Feather>
void composite_all(const thermal::FrameView& frame, const float* const* contrasts,
                   const thermal::Outputs& out) {
    const int rows = thermal::blocks_for(frame.height, thermal::kBlockHeight);
    const int columns = thermal::blocks_for(frame.width, thermal::kBlockWidth);
    const int threads = thermal::kBlockWidth * thermal::kBlockHeight;
    for (int block = 0; block < rows * columns; ++block) {
        for (int thread = 0; thread < threads; ++thread) {
            thermal::composite_thread<Feather>(frame, contrasts, out, block % columns, block / columns,
                                               thread % thermal::kBlockWidth, thread / thermal::kBlockWidth);
        }
    }
}

}  // namespace

extern "C" void composite_by_thread(int height, int width, const uint8_t* labels, const int32_t* objects,
                                    const float* const* contrasts, const float* thermal_labels,
                                    const float* object_means, float contrast_kelvin, int feather,
                                    float* kelvin, uint16_t* raw16, uint8_t* grey, const uint8_t* agc_table) {
    const thermal::FrameView frame{height,         width,        labels,         objects,
                                   thermal_labels, object_means, contrast_kelvin};
    const thermal::Outputs out{kelvin, raw16, grey, agc_table};
    switch (feather) {
        case 0:
            return composite_all<0>(frame, contrasts, out);
        case 1:
            return composite_all<1>(frame, contrasts, out);
        case 2:
            return composite_all<2>(frame, contrasts, out);
        case 3:
            return composite_all<3>(frame, contrasts, out);
        default:
            return composite_all<4>(frame, contrasts, out);
    }
}
