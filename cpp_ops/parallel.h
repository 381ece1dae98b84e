// Shares pieces of work among threads that wait between calls: starting one costs more than a small frame.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

namespace thermal {

// Where piece `index` of `pieces` equal pieces of [0, count) begins.
inline int share_of(int count, int index, int pieces) {
    return static_cast<int>(static_cast<int64_t>(count) * index / pieces);
}

// Bands of rows to share among threads: more than there are of them, because a helper may wake up late.
inline int bands_for(int threads, int rows) { return threads == 1 ? 1 : std::min(4 * threads, rows); }

// Calls call(body, piece) for every piece in [0, pieces) on the calling thread and at most `helpers` others,
// and returns when all are done. Where another call keeps the helpers busy, or the system refuses to start
// one, the calling thread does the work. The helpers are made anew after a fork(). call must not throw.
void run_pieces(int helpers, int pieces, void (*call)(const void* body, int piece), const void* body);

// Calls body(piece) for every piece in [0, pieces) on `threads` threads. Once all are done it throws what one
// of them threw: memory may run out on a helper too.
template <typename Body>
void parallel_for(int threads, int pieces, const Body& body) {
    std::atomic_flag has_failed = ATOMIC_FLAG_INIT;
    std::exception_ptr failure;
    const auto guarded = [&](int piece) {
        try {
            body(piece);
        } catch (...) {
            if (!has_failed.test_and_set()) failure = std::current_exception();
        }
    };
    const auto call = [](const void* any, int piece) { (*static_cast<decltype(guarded)*>(any))(piece); };
    run_pieces(std::min(threads, pieces) - 1, pieces, call, &guarded);
    if (failure) std::rethrow_exception(failure);
}

// Calls body(first, last) for every band of rows [first, last) on `threads` threads. Throws as parallel_for
// does.
template <typename Body>
void for_bands(int threads, int rows, const Body& body) {
    const int bands = bands_for(threads, rows);
    parallel_for(threads, bands,
                 [&](int band) { body(share_of(rows, band, bands), share_of(rows, band + 1, bands)); });
}

// The same; returns a value that is not negative of one of them, or -1.
template <typename Body>
int parallel_bands(int threads, int rows, const Body& body) {
    std::atomic<int> found{-1};
    for_bands(threads, rows, [&](int first, int last) {
        const int value = body(first, last);
        if (value >= 0) found = value;
    });
    return found;
}

// The same with body(row), for every row.
template <typename Body>
int parallel_rows(int threads, int rows, const Body& body) {
    return parallel_bands(threads, rows, [&](int first, int last) {
        int found = -1;
        for (int row = first; row < last; ++row) found = std::max(found, body(row));
        return found;
    });
}

}  // namespace thermal
