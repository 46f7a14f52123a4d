// How a program that was run ended, in plain words: at most kMaxReason printable characters.
#pragma once

#include <string>
#include <string_view>

#include "programs/message.h"

namespace hlb::probes {

// "exit code 3", "killed by SIGSEGV"; of one that ended by itself.
std::string in_words(const programs::Ending& ending);

// "can't run /no/such/check: No such file or directory", "can't become nobody: …", "no such user:
// …"; of one that wasn't started.
std::string start_failure(const programs::Ending& ending, const std::string& program,
                          const std::string& user);

// Whether one wasn't started for want of what the machine lacks at the moment, or since the program
// is just being replaced.
bool is_passing(const programs::Ending& ending);

// The first line of what it has written; empty if that is.
std::string first_line(std::string_view output);

}  // namespace hlb::probes
