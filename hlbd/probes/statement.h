// A backend's word on itself, in one line: HAProxy's agent-check.
#pragma once

#include <optional>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

struct Statement {
  std::optional<bool> up;  // unset: it says nothing of that
  Advice advice;
  std::string_view not_understood;  // the first word that means nothing; empty: there is none
};

// Reads words in any order and case, parted by spaces, tabs or commas. The last one counts of
// several that contradict each other. A "#" begins a remark.
//   up | down, fail, failed, stopped    whether it works
//   ready | drain, maint                whether it takes new clients
//   75%                                 its weight, of the configured one: 0 … kMaxWeightPercent
//   maxconn:100                         of no meaning here, and skipped
// `line` may be any bytes, and must outlive the statement.
Statement read_statement(std::string_view line);

}  // namespace hlb::probes
