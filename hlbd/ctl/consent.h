// Asks before something is done that programs would feel at once.
#pragma once

#include <string>

namespace hlb::ctl {

// Asks whoever sits at the terminal whether to go on, after the lines of `what`; returns the
// answer. Where standard input or standard error is no terminal, throws a Failure that says `what`
// and which option is to be added.
bool consents(const std::string& what);

}  // namespace hlb::ctl
