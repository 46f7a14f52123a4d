// Writes what was found, as text and as JSON.
#pragma once

#include <cstddef>
#include <string>

#include "ctl/doctor/examine.h"

namespace hlb::ctl::doctor {

struct Page {
  std::size_t width = 0;  // columns to wrap at; 0: one line for each finding
  bool bold = false;      // the parts to be seen first
};

// A line for each finding, and one that says so when there is no fault.
std::string as_text(const Examination& examination, const Page& page);

// {"findings": [{"severity": "fault" or "note", "about": …, "what": …, "why": …, "mend": …}, …]}
std::string as_json(const Examination& examination);

}  // namespace hlb::ctl::doctor
