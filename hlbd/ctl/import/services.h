// What was found → services, still without checks.
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
  std::vector<Address> backends;  // no address twice
  std::vector<Place> places;      // where they stand, in the order in which they were found
  ChosenCheck check;
};

// Which services are wanted.
struct Selection {
  std::vector<std::string> names;  // with one of these names or aliases; empty: all
  bool lone = true;  // also those without a choice: one address of each family at most
};

struct Imported {
  std::vector<ImportedService> services;  // in the order of their first addresses
  std::vector<Note> notes;                // those of the entries, and what was left out since
  std::vector<std::string> missing;       // of the selection's names
};

// Names that the same lines give the same addresses are one service: the first its name, the others
// its aliases. No name or alias stands twice.
Imported make_services(const Entries& entries, const Selection& selection);

}  // namespace hlb::ctl
