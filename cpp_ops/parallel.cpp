#include "parallel.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace thermal {
namespace {

class Helpers {
  public:
    // Takes part in the work itself. Returns false, with nothing done, while another call is going on.
    bool run(int wanted, int pieces, void (*call)(const void*, int), const void* body) {
        const std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
        if (!turn.owns_lock()) return false;
        start(wanted);
        {
            const std::lock_guard<std::mutex> lock(state_);
            job_ = {pieces, call, body};
            next_ = 0;
            free_seats_ = wanted;
        }
        work_waits_.notify_all();
        work(job_);
        std::unique_lock<std::mutex> lock(state_);
        free_seats_ = 0;  // a helper that wakes up now comes too late
        helper_left_.wait(lock, [this] { return busy_ == 0; });
        return true;
    }

  private:
    struct Job {
        int pieces;
        void (*call)(const void*, int);
        const void* body;
    };

    void start(int wanted) {
        try {
            for (; started_ < wanted; ++started_) std::thread(&Helpers::help, this).detach();
        } catch (const std::system_error&) {
            // Fewer helpers cost time, not the result.
        }
    }

    void help() {
        std::unique_lock<std::mutex> lock(state_);
        for (;;) {
            work_waits_.wait(lock, [this] { return free_seats_ > 0; });
            --free_seats_;
            ++busy_;
            const Job job = job_;
            lock.unlock();
            work(job);
            lock.lock();
            if (--busy_ == 0) helper_left_.notify_one();
        }
    }

    void work(const Job& job) {
        for (int piece = next_++; piece < job.pieces; piece = next_++) job.call(job.body, piece);
    }

    std::mutex turn_;  // held by the call that has the helpers
    int started_ = 0;

    std::mutex state_;  // guards what follows
    std::condition_variable work_waits_, helper_left_;
    Job job_{};
    int free_seats_ = 0;
    int busy_ = 0;
    std::atomic<int> next_{0};
};

// Never destroyed: helpers may still wait in it when the process ends. A forked child has none of its
// parent's threads and, maybe, locks that nobody will give back, so it gets its own.
Helpers& helpers_of_process() {
    static std::mutex making;
    static std::atomic<Helpers*> helpers{nullptr};
    static std::atomic<pid_t> owner{0};
    const pid_t process = getpid();
    if (owner != process) {
        const std::lock_guard<std::mutex> lock(making);
        if (owner != process) {
            helpers = new Helpers;
            owner = process;
        }
    }
    return *helpers;
}

}  // namespace

void run_pieces(int helpers, int pieces, void (*call)(const void*, int), const void* body) {
    if (helpers > 0 && helpers_of_process().run(helpers, pieces, call, body)) return;
    for (int piece = 0; piece < pieces; ++piece) call(body, piece);
}

}  // namespace thermal
