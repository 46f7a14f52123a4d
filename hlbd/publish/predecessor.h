// Reads the table that the hlbd before this one has published, as far as programs still believe it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "text/address.h"

namespace hlb::publish {

// Keeps a copy, which stays when the table is replaced.
class Predecessor {
 public:
  // Reads the table in `folder`. A table that is missing, of another version, or older than its own
  // max_stale has nothing to say.
  explicit Predecessor(const std::filesystem::path& folder);

  // Whether there is a table that programs still believe.
  bool trusted() const { return !table_.empty(); }

  struct Verdict {
    bool up = false;         // the backend was answered, or would have been
    bool withdrawn = false;  // by an override or by advice
  };
  // The published verdict on a backend; nullopt if the table has no such backend.
  std::optional<Verdict> verdict_on(std::string_view service, const Address& backend) const;

 private:
  std::vector<std::uint8_t> table_;
};

}  // namespace hlb::publish
