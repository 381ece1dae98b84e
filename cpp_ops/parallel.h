// Splits a range over threads that live for one call: nothing is left behind, so a later fork() is safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace thermal {

// Where piece `index` of `pieces` equal pieces of [0, count) begins.
inline int share_of(int count, int index, int pieces) {
    return static_cast<int>(static_cast<int64_t>(count) * index / pieces);
}

// Calls body(begin, end) on contiguous pieces of [0, count), one piece per thread, and returns when all are
// done. body must not throw. A thread that the system refuses to start costs time, not the result.
template <typename Body>
void parallel_for(int threads, int count, const Body& body) {
    const int pieces = std::max(1, std::min(threads, count));
    std::vector<std::thread> workers;
    workers.reserve(pieces - 1);
    int started = 1;
    try {
        for (; started < pieces; ++started)
            workers.emplace_back(body, share_of(count, started, pieces),
                                 share_of(count, started + 1, pieces));
    } catch (const std::system_error&) {
        body(share_of(count, started, pieces), count);
    }
    body(0, share_of(count, 1, pieces));
    for (std::thread& worker : workers) worker.join();
}

}  // namespace thermal
