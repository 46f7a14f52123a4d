// How the backends of imported services are to be checked, as it is written on a command line or
// typed when asked.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace hlb::ctl {

struct ImportedService;

struct ChosenCheck {
  std::string type = "none";
  std::uint16_t port = 0;  // 0: it has none
  std::string path;        // empty: it has none
  std::string remark;      // why hlbctl has guessed it, a line of ASCII; empty: someone chose it

  // In the form of parse_check().
  std::string to_string() const;
  // In the form of hlbd.toml: { type = "http", port = 8082 }
  std::string to_toml() const;
};

// Reads "TYPE[:PORT[/PATH]]", such as "http:8082/health", with a type of hlbd.toml(5) that needs no
// more than that. Gives a check that hlbd would take, or why the text is none.
tl::expected<ChosenCheck, std::string> parse_check(std::string_view text);

// Asks for the check of each service on `out`, and again when an answer is no check. An empty
// answer takes what stands in brackets: the answer before, or else the service's check as it is.
// When the input ends, so it is for all services that are left.
void ask_checks(std::vector<ImportedService>& services, std::istream& in, std::ostream& out);

// The text in double quotes, as a TOML string. `text` is printable ASCII.
std::string toml_string(std::string_view text);

}  // namespace hlb::ctl
