// Counts what the native part of a frame takes from the heap: operator new is replaced by one that counts.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "composite.h"
#include "conditions.h"
#include "contrast_means.h"
#include "display.h"
#include "object_values.h"
#include "objects.h"
#include "planes.h"
#include "reduction.h"
#include "regions.h"
#include "rows.h"

namespace {

std::atomic<int> allocations{0};

}  // namespace

void* operator new(size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

// Runs every step of `frames` frames of random labels and temperatures and returns how many allocations each
// of them made. A frame has height x width pixels, both multiples of 8.
extern "C" void count_allocations(int frames, int height, int width, int threads, int* counts) {
    constexpr int kClasses = 6;
    const size_t pixels = static_cast<size_t>(height) * width;
    std::vector<uint8_t> rgb(3 * pixels), labels(pixels), display(pixels), predicted(pixels),
        reduced(3 * pixels / 4);
    std::vector<uint16_t> instances(pixels), raw(pixels);
    std::vector<int32_t> ids(pixels);
    std::vector<float> rgb_planes(3 * pixels), cells(3 * kClasses * pixels / 16), values(pixels),
        means(pixels), kelvin(pixels), contrasts(kClasses * pixels), sums(kClasses * pixels);
    const thermal::RegionRules rules{4, 128, {4, 8, 16, 32}};
    const thermal::PixelBox whole{0, 0, height, width};
    std::vector<thermal::Patch> patches;
    for (int k = 0; k < kClasses; ++k) patches.push_back({k, whole, whole, contrasts.data() + k * pixels});
    thermal::ObjectMap objects(2);
    const thermal::CompositeInput input{objects, patches, sums.data(), values.data(), 10.0f};
    uint32_t state = 1;
    const auto random = [&state] { return (state = state * 1664525u + 1013904223u) >> 16; };
    for (int frame = 0; frame < frames; ++frame) {
        for (size_t i = 0; i < pixels; ++i) {
            // Blocks of one class, others in every frame; the first frame is the busiest.
            const size_t block = i / width / 8 * 64 + i % width / (frame == 0 ? 1 : 8);
            labels[i] = static_cast<uint8_t>((block * 7 + random() % (frame == 0 ? 5 : 1)) % kClasses);
            instances[i] = static_cast<uint16_t>(block % 5);
            values[i] = 280.0f + static_cast<float>(random() % 20);
        }
        const int before = allocations;
        thermal::reduce(rgb.data(), height, width, 2, threads, reduced.data());
        thermal::planes(rgb.data(), height, width, threads, rgb_planes.data());
        thermal::planes_4(rgb.data(), height, width, threads, cells.data());
        thermal::class_fractions(labels.data(), height, width, kClasses, cells.data());
        thermal::labels_from_logits(cells.data(), kClasses, height / 4, width / 4, threads, predicted.data());
        objects.analyse(labels.data(), instances.data(), height, width);
        objects.analyse(labels.data(), nullptr, height, width);
        thermal::write_ids(objects, ids.data());
        thermal::object_means(objects, values.data(), 1, means.data());
        thermal::paint(objects, means.data(), values.data());
        thermal::plan_regions(labels.data(), height, width, kClasses, rules);
        thermal::conditions(labels.data(), values.data(), height, width, kClasses, {283.15f, 20.0f}, threads,
                            cells.data());
        thermal::enlarge(cells.data(), height / 4, width / 4, 4, kelvin.data());
        thermal::copy_rows({rgb_planes.data(), height / 2, width / 2, width}, kelvin.data());
        for (int k = 0; k < kClasses; ++k)
            thermal::contrast_sums(objects, patches[k],
                                   sums.data() + static_cast<ptrdiff_t>(k) * objects.count());
        thermal::composite(input, threads, kelvin.data());
        thermal::raw16(kelvin.data(), static_cast<ptrdiff_t>(pixels), raw.data());
        thermal::agc_linear(kelvin.data(), static_cast<ptrdiff_t>(pixels), 270.0f, 310.0f, display.data());
        counts[frame] = allocations - before;
    }
}
