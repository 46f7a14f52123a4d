// What lookups got, compared with what hlb says.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ctl/doctor/host.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

using Answer = std::vector<std::string>;  // addresses, in their order
using Answers = std::vector<Answer>;      // of one name, each of a lookup of its own

// What hlb answers now, by a table that was read before any of the lookups. Names are of services.
class HlbsAnswers {
 public:
  HlbsAnswers(const Host& machine, const Published& table)
      : machine_(machine),
        table_(table),
        trusted_(table.freshness() != table::Freshness::expired) {}

  // As many lookups as it takes to tell that balance is gone when all have the same address first:
  // by chance that is so less than once in a milliard of times. 1 when nothing can be told.
  std::size_t picks_needed(const std::string& name) const;

  // What these answers are instead of hlb's, in words to stand after the name; empty when they are
  // hlb's, by that table or by one that hlbd has published meanwhile. None at all: it wasn't found.
  std::string difference(const std::string& name, const Answers& answers) const;

  // The address that all have first, though others should be as well; nullopt: there is none.
  std::optional<std::string> always_first(const std::string& name, const Answers& answers) const;

  // Whether each answer was a single address of its family, where there could be several.
  bool picked_alone(const std::string& name, const Answers& answers) const;

  // "By hlb it is …", a sentence.
  std::string in_words(const std::string& name) const;

 private:
  // The addresses that may be answered, and what of its family's picks each has: 1 for all.
  using Shares = std::map<std::string, double>;
  Shares shares(const record::View& record) const;
  record::View record_of(const std::string& name) const;

  const Host& machine_;
  const Published& table_;
  bool trusted_;
};

}  // namespace hlb::ctl::doctor
