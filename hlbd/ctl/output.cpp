#include "ctl/output.h"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "ctl/command.h"
#include "system/last_error.h"

namespace hlb::ctl {

namespace {

// Why the first text that was lost couldn't be written, as the next one has no such reason.
std::optional<std::string> lost;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

}  // namespace

void try_put_out(std::string_view text) {
  if (lost) return;
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    lost = last_error().message();
}

void put_out(std::string_view text) {
  try_put_out(text);
  if (lost) throw Failure(kTrouble, "standard output can't be written: " + *lost);
}

void flush_output() {
  put_out("");
}

}  // namespace hlb::ctl
