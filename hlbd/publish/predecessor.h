// What the hlbd before this one has published, as far as programs still take its word.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "text/address.h"

namespace hlb::publish {

// A copy, so that it can be asked after its table was replaced.
class Predecessor {
 public:
  // Reads the table in `folder`. One that is missing, of another version, or older than its own
  // max_stale has nothing to say.
  explicit Predecessor(const std::filesystem::path& folder);

  // Whether it has anything to say.
  bool trusted() const { return !table_.empty(); }

  struct Word {
    bool up = false;         // it answered `service` with `backend`, or would have
    bool withdrawn = false;  // by an override or by advice
  };
  // nullopt of whom it doesn't have.
  std::optional<Word> on(std::string_view service, const Address& backend) const;

 private:
  std::vector<std::uint8_t> table_;
};

}  // namespace hlb::publish
