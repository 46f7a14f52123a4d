// The help that CLI11 makes, fitted to the terminal.
#pragma once

#include <string>

#include "ctl/terminal/terminal.h"

namespace hlb::ctl {

// Lines that are too long wrap: the description of an option beside it or, where that would be too
// narrow, below. Examples stay on one line, so that they can be copied.
std::string fit_help(const std::string& help, const Terminal& terminal);

}  // namespace hlb::ctl
