#include "ctl/import/check.h"

#include <algorithm>
#include <charconv>

#include "config/draft.h"
#include "text/wording.h"

namespace hlb::ctl {

namespace {

// Empty for a check that a service can have, as its reader says.
std::string fault_of(const ChosenCheck& check) {
  config::Draft draft;
  draft.add_text("",
                 "[[service]]\nname = \"name.example\"\nbackends = [\"127.0.0.1\"]\ncheck = " +
                     check.to_toml(),
                 config::FileRole::services);
  const auto config = draft.finish("");
  const auto* faults = std::get_if<ConfigErrors>(&config);
  return faults == nullptr ? "" : faults->front().message;
}

bool needs_port(ChosenCheck check) {
  if (check.port != 0) return false;
  check.port = 1;
  return fault_of(check).empty();
}

NoCheck malformed(std::string_view text) {
  return {text::in_quotes(text) + " is no check; give TYPE[:PORT[/PATH]], as in http:8082/health"};
}

bool is_printable(char c) {
  return c >= 0x20 && c < 0x7f;
}

}  // namespace

std::string ChosenCheck::to_string() const {
  return type + (port == 0 ? "" : ":" + std::to_string(port)) + path;
}

std::string ChosenCheck::to_toml() const {
  std::string table = "{ type = " + toml_string(type);
  if (port != 0) table += ", port = " + std::to_string(port);
  if (!path.empty()) table += ", path = " + toml_string(path);
  return table + " }";
}

std::variant<ChosenCheck, NoCheck> parse_check(std::string_view text) {
  ChosenCheck check;
  const std::size_t colon = text.find(':');
  check.type = text.substr(0, colon);
  if (check.type.empty() || !std::ranges::all_of(text, is_printable)) return malformed(text);
  if (colon != std::string_view::npos) {
    const std::string_view rest = text.substr(colon + 1);
    const char* end = rest.data() + rest.size();
    const auto [behind, error] = std::from_chars(rest.data(), end, check.port);
    if (error != std::errc() || check.port == 0 || (behind != end && *behind != '/')) {
      return malformed(text);
    }
    check.path.assign(behind, end);
  }
  const std::string fault = fault_of(check);
  if (fault.empty()) return check;
  return NoCheck{text::in_quotes(text) + " is no check: " +
                 (needs_port(check) ? "it needs a port, as in " + check.type + ":8082" : fault)};
}

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace hlb::ctl
