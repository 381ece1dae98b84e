// THERMAL_CLONES compiles a function several times, for the machine's vector units, and picks one at load
// time.
//
// A wheel therefore needs no -march, and a driver marked with it vectorises with AVX2 or AVX-512 where they
// exist. Contraction to fused multiply-add is off (setup.py), so every copy returns the same bits.
#pragma once

#include <cstdlib>  // defines __GLIBC__: the choice at load time needs its indirect functions

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define THERMAL_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#elif defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define THERMAL_CLONES __attribute__((target_clones("default", "avx2")))
#else
#define THERMAL_CLONES
#endif

// Bodies of cloned functions are forced in, else they would be compiled once, for the plainest machine.
#define THERMAL_INLINE inline __attribute__((always_inline))

// Before a short loop of fixed length: GCC unrolls it first otherwise, and then does not vectorise it.
#define THERMAL_VECTOR_LOOP _Pragma("GCC unroll 1")
