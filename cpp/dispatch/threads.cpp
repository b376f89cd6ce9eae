#include "dispatch/threads.hpp"

#include <omp.h>
#include <pthread.h>

#include <atomic>

namespace polyfuse {
namespace {

std::atomic<bool> had_team{false};
bool orphan = false;  // a child whose parent's threads were not copied

const int registered =
    pthread_atfork(nullptr, nullptr, [] { orphan = orphan || had_team.load(); });

}  // namespace

int max_threads() { return orphan || registered != 0 ? 1 : omp_get_max_threads(); }

void note_team() { had_team.store(true, std::memory_order_relaxed); }

}  // namespace polyfuse
