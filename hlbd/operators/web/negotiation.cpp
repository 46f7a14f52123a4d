#include "operators/web/negotiation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "text/ascii.h"

namespace hlb::web {
namespace {

constexpr double kNotNamed = -1;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

// Takes what stands before the separator, which goes, too.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view taken = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return trimmed(taken);
}

// One of the things that are taken, and how much it is wanted: from 0, not at all, to 1.
struct Taken {
  std::string name;     // in lower case
  std::string version;  // empty: any
  double quality = 1;

  explicit Taken(std::string_view element) : name(text::lower_case(take(element, ';'))) {
    while (!element.empty()) {
      std::string_view value = take(element, ';');
      const std::string_view key = take(value, '=');
      if (text::equal_but_for_case(key, "version")) version = value;
      if (!text::equal_but_for_case(key, "q")) continue;
      const auto [end, error] = std::from_chars(value.begin(), value.end(), quality);
      const bool in_range = quality >= 0 && quality <= 1;  // not so of a NaN
      if (error != std::errc() || !in_range) quality = 0;
    }
  }
};

// How much it is wanted; kNotNamed when no element is about it.
template <typename Concerns>
double quality_of(std::string_view header, Concerns concerns) {
  double quality = kNotNamed;
  while (!header.empty()) {
    const Taken taken(take(header, ','));
    if (concerns(taken)) quality = std::max(quality, taken.quality);
  }
  return quality;
}

}  // namespace

bool prefers_open_metrics(std::string_view accept) {
  const double wanted = quality_of(accept, [](const Taken& taken) {
    const bool ours = taken.version.empty() || taken.version == "1.0.0" || taken.version == "0.0.1";
    return taken.name == "application/openmetrics-text" && ours;
  });
  const double plain =
      quality_of(accept, [](const Taken& taken) { return taken.name == "text/plain"; });
  return wanted > 0 && wanted >= plain;
}

bool takes_gzip(std::string_view accept_encoding) {
  const double named = quality_of(accept_encoding, [](const Taken& taken) {
    return taken.name == "gzip" || taken.name == "x-gzip";
  });
  if (named != kNotNamed) return named > 0;
  return quality_of(accept_encoding, [](const Taken& taken) { return taken.name == "*"; }) > 0;
}

}  // namespace hlb::web
