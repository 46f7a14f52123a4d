#include "state/override_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "state/whole_file.h"

namespace hlb {
namespace {

constexpr off_t kMaxOverrides = off_t{64} << 20U;

// A rename is on the disk when its folder is.
bool sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && fsync(opened.get()) == 0;
}

}  // namespace

std::variant<SavedOverrides, Unusable> OverrideFile::load(const Present& now) const {
  auto loaded = load_whole(path_, kMaxOverrides,
                           [&now](std::string_view text) { return decode_overrides(text, now); });
  if (std::holds_alternative<Unusable>(loaded)) {
    rename(path_.c_str(), (path_.string() + ".unusable").c_str());
  }
  return loaded;
}

std::string OverrideFile::save(std::string_view text) const {
  if (text.size() > std::size_t{kMaxOverrides}) return "they are more than 64 MiB";
  const std::filesystem::path draft = path_.string() + ".new";
  const FileDescriptor file = open_draft(draft);
  const bool kept = file.valid() && write_all(file, text) && fsync(file.get()) == 0 &&
                    rename(draft.c_str(), path_.c_str()) == 0 && sync_folder(path_.parent_path());
  if (kept) return "";
  std::string trouble = std::generic_category().message(errno);
  unlink(draft.c_str());
  return trouble;
}

}  // namespace hlb
