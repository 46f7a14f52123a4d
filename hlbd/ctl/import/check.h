// How the backends of imported services are to be checked, as it is written on a command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace hlb::ctl {

struct ChosenCheck {
  std::string type = "none";
  std::uint16_t port = 0;  // 0: none
  std::string path;        // empty: none
  std::string remark;      // why this one was chosen, if nobody chose it; one line of ASCII

  // As parse_check() takes it.
  std::string to_string() const;
  // As hlbd.toml has it: { type = "http", port = 8082 }
  std::string to_toml() const;
};

struct NoCheck {
  std::string reason;
};

// "TYPE[:PORT[/PATH]]", such as "http:8082/health", with a type of hlbd.toml(5) that needs no more
// than that. What is returned is a check that a configuration can have.
std::variant<ChosenCheck, NoCheck> parse_check(std::string_view text);

// In double quotes, as a TOML string. `text` is printable ASCII.
std::string toml_string(std::string_view text);

}  // namespace hlb::ctl
