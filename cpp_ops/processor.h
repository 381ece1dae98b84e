// What this machine's processor can do.
#pragma once

namespace thermal {

// Whether products of 8-bit integers are summed in 32 bits. On x86 without VNNI they are summed in 16 bits
// first, which saturates: a quantised network then computes something else.
inline bool sums_int8_exactly() {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
#if defined(__clang__) || __GNUC__ < 12
    return __builtin_cpu_supports("avx512vnni");
#else
    return __builtin_cpu_supports("avx512vnni") || __builtin_cpu_supports("avxvnni");
#endif
#elif defined(__x86_64__)
    return false;
#else
    return true;
#endif
}

}  // namespace thermal
