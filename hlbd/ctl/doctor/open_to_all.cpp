// The part of obstacles.h about permissions.
#include <fmt/format.h>

#include "ctl/doctor/obstacles.h"

namespace hlb::ctl::doctor {
namespace {

// The rights that a file's "others" need.
mode_t wanted(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return S_IXOTH;
  return S_ISSOCK(status.st_mode) ? S_IROTH | S_IWOTH : S_IROTH;
}

std::string letters(mode_t rights) {
  std::string text;
  if ((rights & S_IROTH) != 0) text += 'r';
  if ((rights & S_IWOTH) != 0) text += 'w';
  if ((rights & S_IXOTH) != 0) text += 'x';
  return text;
}

}  // namespace

Findings check_open_to_all(const Host& machine, const std::filesystem::path& file,
                           const std::string& why) {
  Findings findings;
  std::filesystem::path path;
  for (const std::filesystem::path& part : file) {
    path /= part;
    const auto status = machine.status(path);
    if (!status) break;
    const mode_t missing = wanted(*status) & ~status->st_mode;
    if (missing == 0) continue;
    findings.push_back(fault("permissions",
                             fmt::format("{} isn't open to every user (its mode is {:04o})",
                                         path.string(), status->st_mode & 07777U),
                             why,
                             fmt::format("Type: chmod o+{} {}", letters(missing), path.string())));
  }
  return findings;
}

}  // namespace hlb::ctl::doctor
