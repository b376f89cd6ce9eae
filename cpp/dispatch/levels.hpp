// The levels this build has, which of them this CPU can run, and which one is in force.
#pragma once

#include <vector>

#include "dispatch/table.hpp"

namespace polyfuse {

struct Level {
    const char* name;
    const Table* table;
    bool (*supported)();
};

// Lowest first. Defined by the one of levels_x86.cpp, levels_generic.cpp that the build takes.
extern const std::vector<Level> all_levels;

// The levels this CPU can run, lowest first.
std::vector<const char*> supported_levels();

// The table in force: the highest level this CPU can run, capped by POLYFUSE_ISA. Throws
// std::invalid_argument if the variable names no level of this build.
const Level& current_level();

// Throws std::invalid_argument if the level does not exist or this CPU cannot run it.
void set_level(const char* name);

inline const Table& kernels() { return *current_level().table; }

}  // namespace polyfuse
