#include "ctl/import/check.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <optional>
#include <ostream>

#include "config/draft.h"
#include "ctl/import/services.h"
#include "ctl/import/text_file.h"
#include "text/wording.h"

namespace hlb::ctl {

namespace {

// Why hlbd wouldn't take the check; empty when it would. hlbd's own reader decides.
std::string fault_of(const ChosenCheck& check) {
  config::Draft draft;
  draft.add_text("",
                 "[[service]]\nname = \"name.example\"\nbackends = [\"127.0.0.1\"]\ncheck = " +
                     check.to_toml(),
                 config::FileRole::services);
  const auto config = draft.finish("");
  return config ? "" : config.error().front().message;
}

bool needs_port(ChosenCheck check) {
  if (check.port != 0) return false;
  check.port = 1;
  return fault_of(check).empty();
}

tl::unexpected<std::string> malformed(std::string_view text) {
  return tl::unexpected(text::in_quotes(text) +
                        " is no check; give TYPE[:PORT[/PATH]], as in http:8082/health");
}

bool is_printable(char c) {
  return c >= 0x20 && c < 0x7f;
}

void prompt(const ImportedService& service, const ChosenCheck& otherwise, std::ostream& out) {
  out << service.name << " (";
  for (std::size_t i = 0; i < service.backends.size(); ++i)
    out << (i == 0 ? "" : ", ") << service.backends[i].to_string();
  out << ") [" << otherwise.to_string() << "]: " << std::flush;
}

// The check that is answered; nullopt when the input has ended.
std::optional<ChosenCheck> ask(const ImportedService& service, const ChosenCheck& otherwise,
                               std::istream& in, std::ostream& out) {
  std::string line;
  while (true) {
    prompt(service, otherwise, out);
    if (!std::getline(in, line)) return std::nullopt;
    const std::string_view answer = trimmed(line);
    if (answer.empty()) return otherwise;
    const auto parsed = parse_check(answer);
    if (parsed) return *parsed;
    out << parsed.error() << "\n";
  }
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

tl::expected<ChosenCheck, std::string> parse_check(std::string_view text) {
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
  return tl::unexpected(
      text::in_quotes(text) + " is no check: " +
      (needs_port(check) ? "it needs a port, as in " + check.type + ":8082" : fault));
}

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

void ask_checks(std::vector<ImportedService>& services, std::istream& in, std::ostream& out) {
  if (services.empty()) return;
  out << "How is each checked? TYPE[:PORT[/PATH]], as in http:8082/health or tcp:6379;\n"
         "Enter takes what stands in brackets.\n";
  std::optional<ChosenCheck> before;
  bool ended = false;
  for (ImportedService& service : services) {
    const ChosenCheck otherwise = before.value_or(service.check);
    const auto answer = ended ? std::nullopt : ask(service, otherwise, in, out);
    ended = !answer;
    service.check = answer.value_or(otherwise);
    // A guess goes for its own service alone.
    if (answer && answer->remark.empty()) before = *answer;
  }
  if (ended) out << "\n";
}

}  // namespace hlb::ctl
