// Saves in files what operators have asked for, and must not be lost with the power.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "system/whole_file.h"

namespace hlb {

// Why a file can't be used, and what became of it: "the file is kept as overrides.json.unusable".
struct PutAside {
  std::string reason;  // begins with the file's name
  std::string kept;
};

// A file in the state folder, which outlives hlbd and the machine's boot.
class DurableFile {
 public:
  DurableFile(const std::filesystem::path& folder, std::string_view name) : path_(folder / name) {}

  const std::filesystem::path& path() const { return path_; }

  // Reads the file through `decode`, see load_whole(). A file that can't be used is put aside, as
  // NAME.unusable, so that nothing of it is lost.
  template <typename Decode>
  auto load(const Decode& decode) const {
    return load_whole(path_, kMost, decode).map_error([this](Unusable fault) {
      return PutAside{std::move(fault.reason), put_aside()};
    });
  }

  // Writes the file through to the disk before it returns, which may take its time: a change that
  // was confirmed holds after a loss of power, too. Returns the reason of a failure; empty on
  // success.
  std::string save(std::string_view text) const;

  // Tells people what save() returned: "can't be kept in FILE: No space left on device".
  std::string in_words(const std::string& trouble) const;

 private:
  static constexpr std::size_t kMost = std::size_t{64} << 20U;

  std::string put_aside() const;  // returns what became of the file

  std::filesystem::path path_;
};

}  // namespace hlb
