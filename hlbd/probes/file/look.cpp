#include "probes/file/look.h"

#include <sys/stat.h>

#include <system_error>
#include <utility>

#include "system/last_error.h"
#include "system/whole_file.h"

namespace hlb::probes {
namespace {

constexpr char kNotRegular[] = "is not a regular file";

std::string trouble_of(const std::error_code& error) {
  if (error == std::errc::file_too_large) return "is larger than 1 MiB";
  if (error == std::errc::is_a_directory || error == std::errc::not_a_stream) return kNotRegular;
  return "cannot be read: " + error.message();
}

// Why a file isn't to be read; empty when it is.
std::string refusal(const std::string& path, struct stat& status) {
  if (::stat(path.c_str(), &status) != 0) return trouble_of(last_error());
  return S_ISREG(status.st_mode) ? "" : kNotRegular;
}

KnownFile read(const std::string& path, const std::optional<FileStamp>& stamp) {
  auto text = read_whole(path, BackendFile::kMaxSize);
  if (!text) return {stamp, nullptr, trouble_of(text.error())};
  return {stamp, std::make_shared<const BackendFile>(std::move(*text)), ""};
}

}  // namespace

FileLook look_at(const std::string& path, const KnownFile& before, bool anyway) {
  FileLook look{before, false, {}};
  struct stat status{};
  std::string trouble = refusal(path, status);
  if (!trouble.empty()) {
    look.now = {before.stamp, nullptr, std::move(trouble)};
  } else if (anyway || before.contents == nullptr || before.stamp != stamp_of(status)) {
    look.now = read(path, stamp_of(status));
    look.read = true;
  }
  look.changed = BackendFile::difference(before.contents.get(), look.now.contents.get());
  return look;
}

}  // namespace hlb::probes
