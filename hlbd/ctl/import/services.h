// The findings of an import → services → the text of a file for services.d.
#pragma once

#include <string>
#include <vector>

#include "ctl/import/check.h"
#include "ctl/import/entries.h"

namespace hlb::ctl {

struct ImportedService {
  std::string name;
  std::vector<std::string> aliases;
  bool subdomains = false;
  std::vector<std::string> except;  // names below that aren't its own
  std::vector<Address> backends;    // no address twice
  std::vector<Place> places;        // of its backends, in the order in which they were found
  ChosenCheck check;
};

// Says which services are wanted.
struct Selection {
  std::vector<std::string> names;  // services with one of these names or aliases; empty: all
  bool lone = true;  // services without a choice too: one address of each family at most
};

struct Imported {
  std::vector<ImportedService> services;  // in the order of their first addresses
  std::vector<Note> notes;                // the entries' own, and what was left out since
  std::vector<std::string> missing;       // of the selection's names
};

// Makes services, still without checks. Names that the same lines give the same addresses are one
// service: the first its name, the others its aliases. No name or alias stands twice. What isn't
// imported, and lies below a service with subdomains, is an exception of that.
Imported make_services(const Entries& entries, const Selection& selection);

// The services as TOML, written by hand: toml++, which reads such files, sorts the keys of a table
// by name and writes no comments. `remarks` are printable ASCII, and stand at the top.
std::string to_toml(const std::vector<ImportedService>& services,
                    const std::vector<std::string>& remarks);

}  // namespace hlb::ctl
