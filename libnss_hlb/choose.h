// Choosing the answer to one lookup from a service's record: whom, how many, in which order.
#pragma once

#include <cstdint>
#include <span>

#include "libnss_hlb/random.h"
#include "libnss_hlb/record.h"

namespace hlb {

enum class Asked : std::uint8_t { any, ipv4, ipv6 };

enum class Availability : std::uint8_t {
  answerable,
  no_address,    // healthy backends, but none of the asked family
  none_healthy,  // and the service says: fail
  let_next,      // none healthy, and the service says: let the next source answer
};

// The backends that may be answered, and the choice among them. The record must outlive it.
class Choice {
 public:
  // With `healthy` false the record's word on who is up is out of date: nobody counts as healthy.
  Choice(const record::View& record, Asked asked, bool healthy = true);

  Availability availability() const { return availability_; }

  // The most addresses that choose() can return: known before anything is picked, and the same at
  // each call, so that a caller can ask for a larger buffer first.
  std::uint32_t most() const { return most_; }

  // Writes the backends' indices, in the order of the answer, to the front of `chosen`, and returns
  // how many. `chosen` has room for most(); meanwhile all of it is used.
  //  - one: a pick by weight;
  //  - spread: a pick by weight, then those that glibc's sort will leave behind it;
  //  - all: all.
  // What follows a pick is in weighted random order. Each family has a pick of its own, since
  // between families glibc decides by other rules.
  std::uint32_t choose(Random& random, std::span<std::uint16_t> chosen) const;

 private:
  bool serves(const record::Backend& backend) const;
  bool serves(const record::Backend& backend, record::Family family) const;
  bool any_serves() const;
  bool wants(record::Family family) const;
  void settle_all_down();
  std::uint32_t count(record::Family family) const;
  std::uint32_t pick_one(record::Family family, Random& random) const;
  std::uint32_t choose_family(record::Family family, Random& random,
                              std::span<std::uint16_t> chosen) const;

  record::View record_;
  Asked asked_;
  Availability availability_ = Availability::answerable;
  bool fail_open_ = false;           // everyone serves who isn't withdrawn
  std::uint32_t best_priority_ = 0;  // who serves otherwise
  std::uint32_t most_ = 0;
};

}  // namespace hlb
