// What drain, maintenance, up, down and clear are about to change. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/report.h"

namespace hlb::ctl {

// The services that lookups would be given no backend of any more.
std::vector<std::string> emptied(std::span<const OverridePreview> plan);

// For people: a line for each backend, with `until` after what it would have in force, and one for
// each service.
std::string plan_text(std::span<const OverridePreview> plan, const std::string& until);

}  // namespace hlb::ctl
