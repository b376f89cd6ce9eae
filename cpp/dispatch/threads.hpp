// Threads around a kernel. Tasks are cut by shape alone and each writes its own place, so the
// number of threads never shows in a result.
#pragma once

#include <cstdint>
#include <new>
#include <vector>

namespace polyfuse {

// As many as OpenMP would use: OMP_NUM_THREADS, threadpoolctl and joblib limit it. One in a
// process forked from one that has used threads: libgomp would hang there (GCC PR 60035).
int max_threads();

// No more than n from now on: what a container may use, which OpenMP does not look at.
void limit_threads(int n);

// The same for calls from this thread alone; returns the limit that was in force.
int limit_own_threads(int n);

// To be called before a team of threads is started.
void note_team();

// Memory for tiles, aligned to a cache line, left uninitialised.
template <class T>
class Scratch {
   public:
    explicit Scratch(std::int64_t n)
        : data_(static_cast<T*>(::operator new(static_cast<std::size_t>(n) * sizeof(T), line))) {}
    Scratch(Scratch&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { ::operator delete(data_, line); }
    T* data() { return data_; }

   private:
    static constexpr std::align_val_t line{64};
    T* data_;
};

// Threads worth waking for `work` elements touched in `n_tasks` tasks.
inline int threads_for(std::int64_t n_tasks, std::int64_t work) {
    constexpr std::int64_t worth_a_thread = 1 << 15;
    std::int64_t n = max_threads();
    if (n > n_tasks) n = n_tasks;
    if (n > work / worth_a_thread) n = work / worth_a_thread;
    return n < 1 ? 1 : static_cast<int>(n);
}

// Call task(i, scratch) for i in [0, n_tasks), each thread with its own `scratch_size` elements.
// The scratch is allocated before any thread starts: a task does not throw.
template <class T, class Task>
void parallel(std::int64_t n_tasks, std::int64_t work, std::int64_t scratch_size, Task task) {
    const int n_threads = threads_for(n_tasks, work);
    std::vector<Scratch<T>> scratch;
    for (int t = 0; t < n_threads; ++t) scratch.emplace_back(scratch_size);
    if (n_threads == 1) {
        for (std::int64_t i = 0; i < n_tasks; ++i) task(i, scratch[0].data());
        return;
    }
    note_team();
#pragma omp parallel for schedule(static, 1) num_threads(n_threads)
    for (int t = 0; t < n_threads; ++t) {
        T* own = scratch[static_cast<std::size_t>(t)].data();
        for (std::int64_t i = n_tasks * t / n_threads; i < n_tasks * (t + 1) / n_threads; ++i)
            task(i, own);
    }
}

}  // namespace polyfuse
