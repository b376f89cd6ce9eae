#include "dispatch/levels.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace polyfuse {
namespace {

std::atomic<const Level*> current{nullptr};

std::string names(const std::vector<const char*>& levels) {
    std::string text;
    for (const char* name : levels) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

const Level& choose() {
    const char* cap = std::getenv("POLYFUSE_ISA");
    const bool capped = cap && *cap;
    const Level* best = &all_levels.front();
    bool known = !capped;
    for (const Level& level : all_levels) {
        if (level.supported()) best = &level;
        if (capped && level.name == std::string_view(cap)) {
            known = true;
            break;
        }
    }
    if (!known) {
        std::vector<const char*> every;
        for (const Level& level : all_levels) every.push_back(level.name);
        throw std::invalid_argument("POLYFUSE_ISA must be one of " + names(every) + "; got '" +
                                    cap + "'");
    }
    return *best;
}

}  // namespace

std::vector<const char*> supported_levels() {
    std::vector<const char*> found;
    for (const Level& level : all_levels)
        if (level.supported()) found.push_back(level.name);
    return found;
}

const Level& current_level() {
    const Level* level = current.load(std::memory_order_acquire);
    if (level) return *level;
    const Level& chosen = choose();
    current.store(&chosen, std::memory_order_release);
    return chosen;
}

void set_level(const char* name) {
    for (const Level& level : all_levels)
        if (level.supported() && std::string_view(name) == level.name) {
            current.store(&level, std::memory_order_release);
            return;
        }
    throw std::invalid_argument("level must be one of " + names(supported_levels()) + "; got '" +
                                name + "'");
}

}  // namespace polyfuse
