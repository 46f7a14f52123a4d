// Why a probe ended as it did, in plain words.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "health/outcome.h"
#include "programs/message.h"

namespace hlb::probes {

inline constexpr std::size_t kMaxReason = 120;

// The outcome of a connection that broke with `error`.
Outcome network_failure(const boost::system::error_code& error);

// The outcome of a connection that this host itself refused to begin: connect() or sendto() gave
// `error` at once, and nothing has been sent.
Outcome local_failure(const boost::system::error_code& error);

// The end of a program that was started: "exit code 3", "killed by SIGSEGV".
std::string in_words(const programs::Ending& ending);

// Why a program wasn't started: "can't run /no/such/check: No such file or directory", "can't
// become nobody: …", "no such user: …"; at most kMaxReason printable characters.
std::string start_failure(const programs::Ending& ending, const std::string& program,
                          const std::string& user);

// Whether a program wasn't started for a reason that passes: the machine lacks something at the
// moment, or the program is just being replaced.
bool is_passing(const programs::Ending& ending);

// The first line of a program's output, as kMaxReason printable characters at most; empty if that
// is.
std::string first_line(std::string_view output);

}  // namespace hlb::probes
