#include "fleet/accept.h"

#include <nlohmann/json.hpp>

#include "text/utc.h"

namespace hlb::fleet {
namespace {

constexpr std::size_t kLongest = 4096;  // in bytes

}  // namespace

std::string encode_acceptance(const Acceptance& acceptance) {
  const nlohmann::ordered_json value = {
      {"v", 1}, {"at", text::utc(acceptance.at)}, {"by", acceptance.by}};
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Acceptance> read_acceptance(std::string_view value) {
  if (value.size() > kLongest) return std::nullopt;
  const auto read = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!read.is_object()) return std::nullopt;
  const auto string = [&read](const char* name) {
    const auto found = read.find(name);
    return found != read.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto version = read.find("v");
  if (version == read.end() || *version != 1) return std::nullopt;
  const auto at = text::parse_utc(string("at"));
  if (!at) return std::nullopt;
  return Acceptance{.at = *at, .by = string("by")};
}

}  // namespace hlb::fleet
