// The refusal of a target that means no backend.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "operators/refusal.h"

namespace hlb {

inline tl::unexpected<Refusal> no_such_target(std::string_view target, const std::string& what) {
  constexpr std::size_t kMostShown = 1000;  // bytes: there may be thousands of targets
  return refuse(Refusal::Kind::no_such_backend,
                std::string(target.substr(0, kMostShown)) + ": " + what +
                    "; a target is SERVICE, SERVICE/ADDRESS or ADDRESS, with * and ? as wildcards");
}

}  // namespace hlb
