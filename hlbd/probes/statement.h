// What a backend says of itself in one line: the words of HAProxy's agent-check.
#pragma once

#include <optional>
#include <string_view>

#include "health/outcome.h"

namespace hlb::probes {

struct Statement {
  std::optional<bool> up;  // unset: nothing was said of it
  Advice advice;
  std::string_view not_understood;  // the first word that means nothing; empty: there is none
};

// Words in any order and case, parted by spaces, tabs or commas; of several that gainsay each other
// the last one counts. What follows a "#" is a remark.
//   up | down, fail, failed, stopped    whether it works
//   ready | drain, maint                whether it takes new clients
//   75%                                 its weight, of the configured one: 0 … kMaxWeightPercent
//   maxconn:100                         of no meaning here, and skipped
// `line` may be any bytes, and has to outlive the statement.
Statement read_statement(std::string_view line);

}  // namespace hlb::probes
