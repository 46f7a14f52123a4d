// Refusals of targets that mean nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "operators/refusal.h"

namespace hlb {

inline tl::unexpected<Refusal> refuse_target(std::string_view target, const std::string& why) {
  constexpr std::size_t kMostShown = 1000;  // bytes: there may be thousands of targets
  return refuse(Refusal::Kind::no_such_backend,
                std::string(target.substr(0, kMostShown)) + ": " + why);
}

inline tl::unexpected<Refusal> no_such_target(std::string_view target) {
  return refuse_target(target,
                       "no backend is meant by this; a target is SERVICE, SERVICE/ADDRESS or "
                       "ADDRESS, with * and ? as wildcards");
}

}  // namespace hlb
