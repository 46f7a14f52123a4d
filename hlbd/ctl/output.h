// Standard output, which may be a full disk or a pipe whose reader has gone.
#pragma once

#include <string_view>

namespace hlb::ctl {

// Writes it at once. Throws a Failure when not all could be written, now or before.
void put_out(std::string_view text);

// The same for what doesn't end a sub-command half-way: flush_output() will throw.
void try_put_out(std::string_view text);

// Throws a Failure when not all could be written.
void flush_output();

}  // namespace hlb::ctl
