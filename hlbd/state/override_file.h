// Keeps the operator's overrides in a file, so that they outlive hlbd and the machine's boot.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "state/saved_overrides.h"
#include "system/whole_file.h"

namespace hlb {

inline constexpr std::string_view kOverrideFile = "overrides.json";  // in the state folder

class OverrideFile {
 public:
  explicit OverrideFile(const std::filesystem::path& folder) : path_(folder / kOverrideFile) {}

  const std::filesystem::path& path() const { return path_; }

  // What is in the file; nothing where there is none. One that can't be used is put aside, under a
  // name with ".unusable" behind it, so that nothing of it is lost.
  std::variant<SavedOverrides, Unusable> load(const Present& now) const;

  // Makes the file say this, before it returns and through to the disk, which may take its time: an
  // override that was confirmed holds after a loss of power, too. Returns why it couldn't; empty if
  // it could.
  std::string save(std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace hlb
