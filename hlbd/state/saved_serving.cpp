#include "state/saved_serving.h"

#include <nlohmann/json.hpp>

namespace hlb {
namespace {

using nlohmann::json;

constexpr std::int64_t kServingVersion = 1;

// Throws json::exception when something is missing, or of another type.
SavedServing serving_in(const json& document) {
  SavedServing serving;
  for (const json& entry : document.at("serving")) {
    const auto priority = entry.at("priority").get<std::int64_t>();
    if (priority < 0 || priority > UINT16_MAX) {
      throw json::other_error::create(0, "priority", nullptr);
    }
    serving.insert_or_assign(entry.at("service").get<std::string>(),
                             static_cast<std::uint16_t>(priority));
  }
  return serving;
}

}  // namespace

std::string encode_serving(const SavedServing& serving) {
  json entries = json::array();
  for (const auto& [service, priority] : serving)
    entries.push_back({{"service", service}, {"priority", priority}});
  const json document = {{"version", kServingVersion}, {"serving", std::move(entries)}};
  constexpr int kIndent = 1;
  return document.dump(kIndent) + "\n";
}

tl::expected<SavedServing, Unusable> decode_serving(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  const auto unusable = [](std::string why) { return tl::unexpected(Unusable{std::move(why)}); };
  if (document.is_discarded()) return unusable("is no JSON, or only a part of it");
  try {
    if (const auto version = document.at("version").get<std::int64_t>();
        version != kServingVersion) {
      return unusable("is of version " + std::to_string(version) + ", not 1");
    }
    return serving_in(document);
  } catch (const json::exception&) {
    return unusable("holds something else than what serves");
  }
}

}  // namespace hlb
