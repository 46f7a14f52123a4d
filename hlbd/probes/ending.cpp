#include "probes/ending.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "probes/reason.h"

namespace hlb::probes {

using programs::Ending;

std::string in_words(const Ending& ending) {
  if (ending.how == Ending::How::exited) return "exit code " + std::to_string(ending.value);
  const char* name = sigabbrev_np(ending.value);
  return name != nullptr ? "killed by SIG" + std::string(name)
                         : "killed by signal " + std::to_string(ending.value);
}

std::string start_failure(const Ending& ending, const std::string& program,
                          const std::string& user) {
  const bool by_user = ending.step == Ending::Step::user;
  if (by_user && ending.value == 0) return printable("no such user: " + user, kMaxReason);
  const std::string what = by_user ? "can't become " : "can't run ";
  const std::string why = ": " + std::generic_category().message(ending.value);
  const std::size_t room = kMaxReason - what.size() - why.size();
  return what + printable(by_user ? user : program, room) + why;
}

bool is_passing(const Ending& ending) {
  const int error = ending.value;
  if (ending.step == Ending::Step::prepare) return true;
  // Or NSS couldn't be asked; what it then says differs from source to source.
  if (ending.step == Ending::Step::user) return error != 0 && error != EPERM && error != EINVAL;
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
         error == ETXTBSY;
}

std::string first_line(std::string_view output) {
  std::string_view line = output.substr(0, output.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return printable(line, kMaxReason);
}

}  // namespace hlb::probes
