// Work of which one piece fails.
#include <atomic>
#include <new>

#include "parallel.h"

// Runs `pieces` pieces, one of which runs out of memory. Returns how many others were done before the error
// came out, or -1 where it did not.
extern "C" int pieces_done(int threads, int pieces, int broken) {
    std::atomic<int> done{0};
    try {
        thermal::parallel_for(threads, pieces, [&](int piece) {
            if (piece == broken) throw std::bad_alloc();
            ++done;
        });
    } catch (const std::bad_alloc&) {
        return done;
    }
    return -1;
}
