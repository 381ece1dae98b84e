// composite_pixel() of every pixel, one after the other: what the CUDA kernel does, on a machine without a
// GPU.
#include "pixel.h"

namespace {

template <int Feather>
void composite_all(const thermal::FrameView& frame, const float* const* contrasts, float* out) {
    for (int y = 0; y < frame.height; ++y) {
        for (int x = 0; x < frame.width; ++x) {
            out[frame.at(y, x)] = thermal::composite_pixel<Feather>(frame, contrasts, y, x);
        }
    }
}

}  // namespace

extern "C" void composite_by_pixel(int height, int width, const uint8_t* labels, const int32_t* objects,
                                   const float* const* contrasts, const float* thermal_labels,
                                   const float* object_means, float contrast_kelvin, int feather,
                                   float* out) {
    const thermal::FrameView frame{height,         width,        labels,         objects,
                                   thermal_labels, object_means, contrast_kelvin};
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
