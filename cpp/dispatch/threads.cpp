#include "dispatch/threads.hpp"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <limits>

namespace polyfuse {
namespace {

std::atomic<bool> had_team{false};
constexpr int unlimited = std::numeric_limits<int>::max();
std::atomic<int> limit{unlimited};
thread_local int own_limit = unlimited;
bool orphan = false;  // a child whose parent's threads were not copied

const int registered =
    pthread_atfork(nullptr, nullptr, [] { orphan = orphan || had_team.load(); });

}  // namespace

int max_threads() {
    if (orphan || registered != 0) return 1;
    const int all = std::min(omp_get_max_threads(), limit.load(std::memory_order_relaxed));
    return std::min(all, own_limit);
}

void limit_threads(int n) { limit.store(std::max(n, 1), std::memory_order_relaxed); }

int limit_own_threads(int n) {
    const int before = own_limit;
    own_limit = std::max(n, 1);
    return before;
}

void note_team() { had_team.store(true, std::memory_order_relaxed); }

}  // namespace polyfuse
