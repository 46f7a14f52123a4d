#include "state/override_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include "state/whole_file.h"

namespace hlb {
namespace {

constexpr off_t kMaxSize = off_t{64} << 20U;

// A rename is on the disk when its folder is.
bool sync_folder(const std::filesystem::path& folder) {
  const publish::FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && fsync(opened.get()) == 0;
}

}  // namespace

std::variant<SavedOverrides, Unusable> OverrideFile::load(const Present& now) const {
  const auto put_aside = [this](const Unusable& fault) {
    rename(path_.c_str(), (path_.string() + ".unusable").c_str());
    return Unusable{path_.string() + " " + fault.reason};
  };
  const auto read = read_whole(path_, kMaxSize);
  if (const auto* fault = std::get_if<Unusable>(&read)) return put_aside(*fault);
  const auto& text = std::get<std::optional<std::string>>(read);
  if (!text) return SavedOverrides();
  auto decoded = decode_overrides(*text, now);
  if (const auto* fault = std::get_if<Unusable>(&decoded)) return put_aside(*fault);
  return decoded;
}

std::string OverrideFile::save(const Overrides& overrides, const Present& now) const {
  const std::filesystem::path draft = path_.string() + ".new";
  const publish::FileDescriptor file = open_draft(draft);
  const bool kept = file.valid() && write_all(file, encode_overrides(overrides, now)) &&
                    fsync(file.get()) == 0 && rename(draft.c_str(), path_.c_str()) == 0 &&
                    sync_folder(path_.parent_path());
  if (kept) return "";
  std::string trouble = std::generic_category().message(errno);
  unlink(draft.c_str());
  return trouble;
}

}  // namespace hlb
