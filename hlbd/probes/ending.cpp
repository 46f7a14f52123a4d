#include "probes/ending.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "probes/reason.h"

namespace hlb::probes {

std::string in_words(const Child::End& end) {
  if (end.signal == 0) return "exit code " + std::to_string(end.exit_code);
  const char* name = sigabbrev_np(end.signal);
  return name != nullptr ? "killed by SIG" + std::string(name)
                         : "killed by signal " + std::to_string(end.signal);
}

std::string in_words(const StartFailure& failure, const std::string& program,
                     const std::string& user) {
  const bool by_user = failure.step == StartFailure::Step::user;
  const std::string what = by_user ? "can't become " : "can't run ";
  const std::string why = ": " + std::generic_category().message(failure.error);
  const std::size_t room = kMaxReason - what.size() - why.size();
  return what + printable(by_user ? user : program, room) + why;
}

bool is_passing(const StartFailure& failure) {
  const int error = failure.error;
  return failure.step == StartFailure::Step::prepare || error == EAGAIN || error == ENOMEM ||
         error == EMFILE || error == ENFILE || error == ETXTBSY;
}

std::string first_line(std::string_view output) {
  std::string_view line = output.substr(0, output.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return printable(line, kMaxReason);
}

}  // namespace hlb::probes
