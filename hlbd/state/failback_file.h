// Saves which priorities serve in a file: a service that failed over stays there after a restart of
// hlbd, and after the machine's boot.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "state/saved_serving.h"
#include "system/whole_file.h"

namespace hlb {

inline constexpr std::string_view kFailbackFile = "failback.json";  // in the state folder

// Stands beside the states, which are soon too old to say anything, and is written through to the
// disk, as a loss of power is no reason to go back to a primary.
class FailbackFile {
 public:
  explicit FailbackFile(const std::filesystem::path& folder) : path_(folder / kFailbackFile) {}

  const std::filesystem::path& path() const { return path_; }

  // Reads the file; without a file there is nothing saved.
  std::variant<SavedServing, Unusable> load() const {
    constexpr off_t kMost = off_t{64} << 20U;
    return load_whole(path_, kMost, decode_serving);
  }

  // Saves as OverrideFile::save() does.
  std::string save(std::string_view text) const { return save_to_disk(path_, text); }

 private:
  std::filesystem::path path_;
};

}  // namespace hlb
