#include "dispatch/threads.hpp"

#include <omp.h>
#include <pthread.h>

namespace polyfuse {
namespace {

bool forked = false;

const int registered = pthread_atfork(nullptr, nullptr, [] { forked = true; });

}  // namespace

int max_threads() { return forked || registered != 0 ? 1 : omp_get_max_threads(); }

}  // namespace polyfuse
