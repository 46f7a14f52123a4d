// Checks of type = "file".

#include <sys/stat.h>

#include <array>
#include <climits>
#include <utility>

#include "config/check_type.h"
#include "text/wording.h"

namespace hlb::config {

using namespace std::chrono_literals;

namespace {

constexpr DurationRange kAge = {1s, 720h};
constexpr std::array<NamedValue<bool>, 2> kFailsWhenOld = {{{"unknown", false}, {"down", true}}};

// Why the path can't be a file's; empty when it can. The file may be written later, so a missing
// one is no fault.
std::string file_path_fault(const std::string& path) {
  if (!path.starts_with('/')) return "is no absolute path; start it with \"/\"";
  if (path.find('\0') != std::string::npos) return "has a zero byte; remove it";
  if (path.size() >= PATH_MAX) return "is longer than a path can be; shorten it";
  struct stat status{};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (path.ends_with('/') || (exists && !S_ISREG(status.st_mode))) {
    return "is not a regular file; name one";
  }
  return "";
}

void read_path(const CheckTable& table, FileCheck& file) {
  const Value* value = table.keys.require("path", R"(add path = "/run/app/backends")");
  const std::string* path = table.keys.text("path");
  if (path == nullptr) return;
  if (const std::string fault = file_path_fault(*path); !fault.empty()) {
    return table.faults.add(value->at, text::in_quotes(*path) + " " + fault);
  }
  file.path = *path;
}

void read_age(const CheckTable& table, FileCheck& file) {
  table.keys.duration("max_age", kAge, file.max_age);
  table.keys.choice("when_old", kFailsWhenOld, file.fails_when_old);
  const Value* when_old = table.keys.find("when_old");
  if (when_old != nullptr && table.keys.find("max_age") == nullptr) {
    table.faults.add(when_old->at, R"("when_old" is of no use without "max_age"; add it)");
  }
}

}  // namespace

void read_file(const CheckTable& table, CheckSpec& check) {
  read_port(table, check);
  // A file's word is taken at once unless configured.
  check.rise = 1;
  check.fall = 1;
  FileCheck file;
  read_path(table, file);
  read_age(table, file);
  check.method = std::move(file);
}

}  // namespace hlb::config
