// The findings of an import: which name has which address in the files, and what was left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/address.h"

namespace hlb::ctl {

struct Place {
  std::string file;
  unsigned line = 0;  // counted from 1; 0: the file as a whole

  friend bool operator==(const Place&, const Place&) = default;
};

struct NamedAddress {
  std::string name;  // one that a service can have, canonical
  Address address;   // one that a backend can have
  bool subdomains;   // every name below has it too, unless something closer is said of that
  Place place;
};

struct NamedAlias {
  std::string alias;   // as a service's name
  std::string target;  // canonical; may be no hostname at all
  Place place;
};

// A name of which something else is said than an address that a backend can have.
struct NamedStop {
  // The earlier goes before the later, where several are said of a name; an address goes before
  // all but the first.
  enum class Kind : std::uint8_t {
    unusable,   // it has an address of this family that no backend can have
    null,       // it has the null address
    elsewhere,  // another server is asked
    nothing,    // there is no such name
  };

  std::string name;  // as a service's name
  Kind kind;
  std::optional<Address::Family> family;  // of `unusable`
  bool subdomains;                        // it goes for every name below as well
  bool pattern = false;                   // it goes for some of the names below alone
  Place place;
};

// Something that was left out, and why; or that is otherwise from now on.
struct Note {
  Place place;
  std::string message;
  bool differs = false;
};

// The findings, in the order in which they were made. Takes any bytes as a name or an address: what
// a configuration of hlbd wouldn't take is noted instead.
class Entries {
 public:
  // `subdomains`: every name below has the address too.
  void add_address(std::string_view name, std::string_view address, bool subdomains,
                   const Place& place);
  void add_alias(std::string_view alias, std::string_view target, const Place& place);
  // Passes over a name that no service can have, as nobody can look that up.
  void add_stop(NamedStop stop);
  // Notes that something was left out.
  void skip(const Place& place, std::string message);
  // Notes that something is otherwise from now on.
  void differ(const Place& place, std::string message);

  const std::vector<NamedAddress>& addresses() const { return addresses_; }
  const std::vector<NamedAlias>& aliases() const { return aliases_; }
  const std::vector<NamedStop>& stops() const { return stops_; }
  const std::vector<Note>& notes() const { return notes_; }

 private:
  // The name in canonical form; nullopt, which is noted, when it can't be a service's.
  std::optional<std::string> usable_name(std::string_view text, const Place& place);

  std::vector<NamedAddress> addresses_;
  std::vector<NamedAlias> aliases_;
  std::vector<NamedStop> stops_;
  std::vector<Note> notes_;
};

// "file:line: skipped: message" for each note, in the order of their places, or "differs" in place
// of "skipped". The same message of lines that follow each other stands once:
// "file:first-last: skipped: message".
std::vector<std::string> to_lines(std::vector<Note> notes);

}  // namespace hlb::ctl
