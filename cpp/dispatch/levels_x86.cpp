#include "dispatch/levels.hpp"

namespace polyfuse {

namespace baseline {
extern const Table table;
}
namespace avx2 {
extern const Table table;
}
namespace avx512 {
extern const Table table;
}

namespace {

bool always() { return true; }

bool has_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}

}  // namespace

const std::vector<Level> all_levels{
    {"baseline", &baseline::table, always},
    {"avx2", &avx2::table, has_avx2},
    {"avx512", &avx512::table, has_avx512},
};

}  // namespace polyfuse
