// Standard output, which may be a full disk or a pipe whose reader has gone.
#pragma once

#include <string_view>

namespace hlb::ctl {

// Both throw a Failure when not all could be written, now or before. Text that is put out is
// written at once.
void put_out(std::string_view text);
void flush_output();

}  // namespace hlb::ctl
