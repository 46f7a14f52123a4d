// How a program that was run ended, in plain words: at most kMaxReason printable characters.
#pragma once

#include <string>
#include <string_view>

#include "probes/child.h"
#include "probes/spawn.h"

namespace hlb::probes {

// "exit code 3", "killed by SIGSEGV"; of one that was started.
std::string in_words(const Child::End& end);

// "can't run /no/such/check: No such file or directory", "can't become nobody: …".
std::string in_words(const StartFailure& failure, const std::string& program,
                     const std::string& user);

// Whether it was for want of what the machine lacks at the moment, or since the program is just
// being replaced.
bool is_passing(const StartFailure& failure);

// The first line of what it has written; empty if that is.
std::string first_line(std::string_view output);

}  // namespace hlb::probes
