// /etc/nsswitch.conf as glibc reads it (2.36: nss/nss_database.c, nss/nss_action_parse.c), which is
// not quite what nsswitch.conf(5) says:
//  - "#" starts no comment within a line: what follows are names of sources;
//  - after a second pair of brackets, or brackets that no source precedes, the rest isn't read;
//  - of several lines for one database the last counts;
//  - a last line without a newline isn't read;
//  - an error in the line of any database makes glibc read nothing, and every lookup fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hlb::ctl::doctor {

// The statuses that a source gives a lookup. `ended` is NSS_STATUS_RETURN, which no file can name,
// but which "[!…]" sets along with the others.
enum class SourceStatus : std::uint8_t { success, notfound, unavail, tryagain, ended };
enum class SourceAction : std::uint8_t { go_on, stop };  // merge goes on: hosts can't be merged

struct NssSource {
  std::string name;
  std::string actions;  // as written, "[NOTFOUND=return]", or empty
  std::array<SourceAction, 5> on = {SourceAction::stop, SourceAction::go_on, SourceAction::go_on,
                                    SourceAction::go_on, SourceAction::stop};

  bool stops_on(SourceStatus status) const {
    return on[static_cast<std::size_t>(status)] == SourceAction::stop;
  }
  std::string to_string() const { return actions.empty() ? name : name + " " + actions; }
};

struct HostsLine {
  int line = 0;
  std::vector<NssSource> sources;
  std::string unread;  // the rest, from where glibc stops reading

  // The index of a source among them; sources.size() when it isn't there.
  std::size_t find(std::string_view name) const;
};

struct Nsswitch {
  struct Error {
    int line = 0;
    std::string text;  // the part that can't be understood
  };

  std::optional<Error> error;      // then glibc takes nothing of the file
  std::optional<HostsLine> hosts;  // nullopt: "dns [!UNAVAIL=return] files"
  bool hosts_unterminated = false;

  // Takes any text.
  static Nsswitch parse(std::string_view text);
};

}  // namespace hlb::ctl::doctor
