// Processors without levels of their own yet: what the compiler makes of the baseline.
#include "dispatch/levels.hpp"

namespace polyfuse {

namespace baseline {
extern const Table table;
}

const std::vector<Level> all_levels{{"baseline", &baseline::table, [] { return true; }}};

}  // namespace polyfuse
