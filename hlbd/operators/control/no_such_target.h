// The refusal of a target that means no backend.
#pragma once

#include <string>
#include <string_view>

#include "operators/refusal.h"

namespace hlb {

inline tl::unexpected<Refusal> no_such_target(std::string_view target, const std::string& what) {
  return refuse(Refusal::Kind::no_such_backend,
                std::string(target) + ": " + what +
                    "; a target is SERVICE, SERVICE/ADDRESS or ADDRESS, with * and ? as wildcards");
}

}  // namespace hlb
