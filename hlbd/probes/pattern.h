// A pattern that the body of a reply must contain.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "health/check_spec.h"

namespace hlb::probes {

class Pattern {
 public:
  // A regular expression that RE2 doesn't take is found nowhere.
  explicit Pattern(const BodyPattern& pattern);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool is_in(std::string_view body) const;

  // Whether it is in every body that begins like this. False may be wrong: for a regular
  // expression, as long as it matches up to the very end of what there is. `searched`: this much of
  // the beginning was looked at before, and wasn't enough.
  bool is_settled_by(std::string_view beginning, std::size_t searched = 0) const;

  // The length that a beginning must reach before another look is worth its while, after `searched`
  // of it wasn't enough: a backend that sends byte by byte doesn't have each beginning matched.
  std::size_t next_search(std::size_t searched) const;

  // The reproach to a body that it isn't in: `has no "healthy"`.
  const std::string& absence() const { return absence_; }

 private:
  struct Compiled;

  std::string text_;
  std::string absence_;
  std::unique_ptr<const Compiled> compiled_;  // nullptr: text_ is meant as it stands
};

// The patterns in use, each compiled once, as one check asks many backends.
class Patterns {
 public:
  // nullptr for the empty pattern, which any body passes.
  std::shared_ptr<const Pattern> get(const BodyPattern& pattern);

 private:
  std::map<std::pair<std::string, bool>, std::weak_ptr<const Pattern>> used_;
};

}  // namespace hlb::probes
