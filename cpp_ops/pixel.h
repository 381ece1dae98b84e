// The maths of one pixel of the composition, written once for the CPU and the CUDA driver.
//
//     m_o      = mean contrast over the core of object o, whose pixels have windows of one class; over all
//                of the object where it has no core
//     B(x)     = R(x) - c * m_o(x)                  base: the object's own mean contrast is taken out
//     a_k(x)   = sum of w over window pixels of class k
//     B_k(x)   = B(x) where x is of class k, else sum of w [label = k] B / a_k(x)
//     alpha_k  = a_k * product over j > k of (1 - a_j), normalised to sum 1
//     T(x)     = sum over k of alpha_k * (B_k + c * contrast_k(x))
//
// w is the binomial window of order 2 * feather, with replicated edges.
// compositing/reference.py is the specification.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define THERMAL_HD __host__ __device__ __forceinline__
#else
#define THERMAL_HD inline __attribute__((always_inline))
#endif

namespace thermal {

// Row of the window: binomial of order 2 * Feather, weights[i] = C(2 * Feather, i) / 4^Feather.
template <int Feather>
struct Window {
    float weights[2 * Feather + 1] = {};

    THERMAL_HD constexpr Window() {
        float weight = 1.0f;
        for (int i = 0; i < Feather; ++i) weight *= 0.25f;
        for (int i = 0; i <= 2 * Feather; ++i) {
            weights[i] = weight;
            weight = weight * static_cast<float>(2 * Feather - i) / static_cast<float>(i + 1);
        }
    }
};

THERMAL_HD float base_temperature(float thermal_label, float contrast_kelvin, float object_mean) {
    return thermal_label - contrast_kelvin * object_mean;
}

THERMAL_HD float surface_temperature(float base, float contrast_kelvin, float contrast) {
    return base + contrast_kelvin * contrast;
}

// m_o out of the sum over the pixels that an object is measured on.
THERMAL_HD float mean_contrast(double sum, int pixels) {
    return pixels > 0 ? static_cast<float>(sum / pixels) : 0.0f;
}

// Accumulates the classes of one window from front to back.
struct Painter {
    float visible = 1.0f;
    float weight = 0.0f;
    float sum = 0.0f;

    // A class that covers `coverage` of the window, where a_k * B_k is `covered_base` and c * contrast_k
    // `relief`. Where coverage is zero the relief may be anything: it is not used.
    THERMAL_HD void paint(float coverage, float covered_base, float relief) {
        sum += coverage > 0.0f ? visible * (covered_base + coverage * relief) : 0.0f;
        weight += coverage * visible;
        visible *= 1.0f - coverage;
    }

    THERMAL_HD float temperature() const { return sum / weight; }
};

// Planes of a frame, row-major and contiguous, on the host or on the device.
struct FrameView {
    int height;
    int width;
    const uint8_t* labels;
    const int32_t* objects;
    const float* thermal_labels;  // R, kelvin
    const float* object_means;    // m_o, one value per object
    float contrast_kelvin;        // c

    THERMAL_HD ptrdiff_t at(int y, int x) const { return static_cast<ptrdiff_t>(y) * width + x; }

    // Index of the pixel (dy, dx) away; outside the frame it is the nearest pixel of the frame.
    THERMAL_HD ptrdiff_t near(int y, int x, int dy, int dx) const {
        const int row = y + dy < 0 ? 0 : (y + dy >= height ? height - 1 : y + dy);
        const int column = x + dx < 0 ? 0 : (x + dx >= width ? width - 1 : x + dx);
        return at(row, column);
    }

    // Whether the window around a pixel holds one class only.
    THERMAL_HD bool is_core(int y, int x, int feather) const {
        const int own = labels[at(y, x)];
        for (int dy = -feather; dy <= feather; ++dy) {
            for (int dx = -feather; dx <= feather; ++dx) {
                if (labels[near(y, x, dy, dx)] != own) return false;
            }
        }
        return true;
    }

    THERMAL_HD float base(ptrdiff_t pixel) const {
        return base_temperature(thermal_labels[pixel], contrast_kelvin, object_means[objects[pixel]]);
    }
};

// The whole body for one pixel, in kelvin. contrasts[k] must be readable for every class k of the frame.
template <int Feather>
THERMAL_HD float composite_pixel(const FrameView& frame, const float* const* contrasts, int y, int x) {
    constexpr Window<Feather> kWindow;
    const ptrdiff_t centre = frame.at(y, x);
    const int own = frame.labels[centre];
    int front = own;
    int back = own;
    for (int dy = -Feather; dy <= Feather; ++dy) {
        for (int dx = -Feather; dx <= Feather; ++dx) {
            const int label = frame.labels[frame.near(y, x, dy, dx)];
            front = label > front ? label : front;
            back = label < back ? label : back;
        }
    }
    const float own_base = frame.base(centre);
    if (front == back) return surface_temperature(own_base, frame.contrast_kelvin, contrasts[own][centre]);

    Painter painter;
    for (int k = front; k >= back; --k) {
        float coverage = 0.0f;
        float weighted = 0.0f;
        for (int dy = -Feather; dy <= Feather; ++dy) {
            for (int dx = -Feather; dx <= Feather; ++dx) {
                const ptrdiff_t pixel = frame.near(y, x, dy, dx);
                if (frame.labels[pixel] != k) continue;
                const float weight = kWindow.weights[dy + Feather] * kWindow.weights[dx + Feather];
                coverage += weight;
                weighted += weight * frame.base(pixel);
            }
        }
        if (coverage == 0.0f) continue;
        painter.paint(coverage, k == own ? coverage * own_base : weighted,
                      frame.contrast_kelvin * contrasts[k][centre]);
    }
    return painter.temperature();
}

constexpr int kMaxFeather = 4;

// Nearest integer, ties to even, for values from 0 to 2^22: adding 1.5 * 2^23 leaves no bit for a fraction.
THERMAL_HD float rounded(float value) {
    constexpr float kNoFraction = 12582912.0f;
    return (value + kNoFraction) - kNoFraction;
}

// A comparison with NaN is false, so NaN becomes 0.
THERMAL_HD float saturated(float value, float highest) {
    value = value > 0.0f ? value : 0.0f;
    return value < highest ? value : highest;
}

// A temperature as a radiometric count of 0.01 K.
THERMAL_HD uint16_t raw16_count(float kelvin) {
    constexpr float kCountsPerKelvin = 100.0f;
    return static_cast<uint16_t>(
        static_cast<int32_t>(rounded(saturated(kelvin * kCountsPerKelvin, 65535.0f))));
}

}  // namespace thermal
