#include "state/override_file.h"

#include <cstdio>

#include "system/whole_file.h"

namespace hlb {
namespace {

constexpr off_t kMaxOverrides = off_t{64} << 20U;

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
  return save_to_disk(path_, text);
}

}  // namespace hlb
