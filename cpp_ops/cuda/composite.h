// The composition on an NVIDIA GPU, for callers whose planes are in device memory already.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel.h"

namespace thermal {

constexpr int kMaxDeviceClasses = 64;

// Device pointers to contiguous row-major planes of height x width. The caller guarantees what the CPU driver
// checks: object ids are in [0, object_count), and every class that labels hold has a plane.
struct DeviceComposite {
    int height;
    int width;
    int object_count;
    const uint8_t* labels;
    const int32_t* objects;
    const float* contrasts[kMaxDeviceClasses];
    const float* thermal_labels;  // kelvin
    float contrast_kelvin;
    int feather;    // 0 to kMaxFeather
    void* scratch;  // composite_scratch_bytes(object_count) bytes, aligned to 8
    Outputs out;
};

size_t composite_scratch_bytes(int object_count);

// Queues the work on a cudaStream_t and returns at once: nothing is allocated, copied back or waited for.
// Returns null, or CUDA's text for a launch that failed.
const char* composite_on_device(const DeviceComposite& input, void* stream);

}  // namespace thermal
