#include "ctl/output.h"

#include <cerrno>
#include <cstdio>
#include <string>

#include "ctl/command.h"
#include "system/last_error.h"

namespace hlb::ctl {

namespace {

[[noreturn]] void fail(const std::string& reason) {
  throw Failure(kTrouble, "standard output can't be written" + reason);
}

}  // namespace

void put_out(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    fail(": " + last_error().message());
}

void flush_output() {
  if (std::fflush(stdout) != 0) fail(": " + last_error().message());
  // What was lost before has no reason any more.
  if (std::ferror(stdout) != 0) fail("");
}

}  // namespace hlb::ctl
