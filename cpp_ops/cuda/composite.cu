#include <cuda_runtime.h>

#include "composite.h"
#include "kernel.h"

namespace thermal {
namespace {

constexpr unsigned kWholeWarp = 0xffffffffu;
constexpr int kBlock = 256;

struct ContrastTable {
    const float* planes[kMaxDeviceClasses];
};

// Sums of the contrasts over every object's rim and core, two entries an object, then the objects' means.
// Doubles come first, so that each array is aligned.
struct Scratch {
    double* sums;
    int* pixels;
    float* means;

    Scratch(void* memory, int object_count)
        : sums(static_cast<double*>(memory)),
          pixels(reinterpret_cast<int*>(sums + 2 * static_cast<ptrdiff_t>(object_count))),
          means(reinterpret_cast<float*>(pixels + 2 * static_cast<ptrdiff_t>(object_count))) {}
};

// One thread a pixel. Most warps lie in one object: these add up among themselves and touch memory once.
__global__ void add_contrasts(FrameView frame, ContrastTable contrasts, int feather, double* sums,
                              int* pixels) {
    const ptrdiff_t pixel = static_cast<ptrdiff_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    const bool inside = pixel < static_cast<ptrdiff_t>(frame.height) * frame.width;
    const int y = static_cast<int>(pixel / frame.width), x = static_cast<int>(pixel % frame.width);
    const int part = inside ? 2 * frame.objects[pixel] + (frame.is_core(y, x, feather) ? 1 : 0) : -1;
    double contrast = inside ? contrasts.planes[frame.labels[pixel]][pixel] : 0.0;
    if (__all_sync(kWholeWarp, part == __shfl_sync(kWholeWarp, part, 0))) {
        for (int step = warpSize / 2; step > 0; step /= 2) {
            contrast += __shfl_down_sync(kWholeWarp, contrast, step);
        }
        if (inside && threadIdx.x % warpSize == 0) {
            atomicAdd(&sums[part], contrast);
            atomicAdd(&pixels[part], warpSize);
        }
    } else if (inside) {
        atomicAdd(&sums[part], contrast);
        atomicAdd(&pixels[part], 1);
    }
}

__global__ void divide(const double* sums, const int* pixels, int count, float* means) {
    const int object = blockIdx.x * blockDim.x + threadIdx.x;
    if (object < count) {
        const int rim = 2 * object, core = rim + 1;  // without a core, the rim is all of the object
        const int measured = pixels[core] > 0 ? core : rim;
        means[object] = mean_contrast(sums[measured], pixels[measured]);
    }
}

template <int Feather>
__global__ void composite_frame(FrameView frame, ContrastTable contrasts, Outputs out) {
    composite_thread<Feather>(frame, contrasts.planes, out, blockIdx.x, blockIdx.y, threadIdx.x, threadIdx.y);
}

}  // namespace

size_t composite_scratch_bytes(int object_count) {
    return static_cast<size_t>(object_count) * (2 * (sizeof(double) + sizeof(int)) + sizeof(float));
}

const char* composite_on_device(const DeviceComposite& input, void* stream_handle) {
    const auto stream = static_cast<cudaStream_t>(stream_handle);
    const Scratch scratch(input.scratch, input.object_count);
    const FrameView frame{input.height,         input.width,   input.labels,         input.objects,
                          input.thermal_labels, scratch.means, input.contrast_kelvin};
    ContrastTable contrasts;
    for (int k = 0; k < kMaxDeviceClasses; ++k) contrasts.planes[k] = input.contrasts[k];

    cudaMemsetAsync(input.scratch, 0, composite_scratch_bytes(input.object_count), stream);
    const ptrdiff_t pixels = static_cast<ptrdiff_t>(input.height) * input.width;
    add_contrasts<<<blocks_for(pixels, kBlock), kBlock, 0, stream>>>(frame, contrasts, input.feather,
                                                                     scratch.sums, scratch.pixels);
    divide<<<blocks_for(input.object_count, kBlock), kBlock, 0, stream>>>(scratch.sums, scratch.pixels,
                                                                          input.object_count, scratch.means);
    const dim3 block(kBlockWidth, kBlockHeight);
    const dim3 grid(blocks_for(input.width, kBlockWidth), blocks_for(input.height, kBlockHeight));
    switch (input.feather) {
        case 0:
            composite_frame<0><<<grid, block, 0, stream>>>(frame, contrasts, input.out);
            break;
        case 1:
            composite_frame<1><<<grid, block, 0, stream>>>(frame, contrasts, input.out);
            break;
        case 2:
            composite_frame<2><<<grid, block, 0, stream>>>(frame, contrasts, input.out);
            break;
        case 3:
            composite_frame<3><<<grid, block, 0, stream>>>(frame, contrasts, input.out);
            break;
        default:
            composite_frame<kMaxFeather><<<grid, block, 0, stream>>>(frame, contrasts, input.out);
            break;
    }
    const cudaError_t status = cudaGetLastError();
    return status == cudaSuccess ? nullptr : cudaGetErrorString(status);
}

}  // namespace thermal
