// Saves the operator's overrides in a file, so that they outlive hlbd and the machine's boot.
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

  // Reads the file; without a file there is nothing saved. A file that can't be used is put aside,
  // as NAME.unusable, so that nothing of it is lost.
  std::variant<SavedOverrides, Unusable> load(const Present& now) const;

  // Writes the file through to the disk before it returns, which may take its time: an override
  // that was confirmed holds after a loss of power, too. Returns the reason of a failure; empty on
  // success.
  std::string save(std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace hlb
