// Choosing the answer to one lookup from a service's record: whom, how many, in which order.
#pragma once

#include <array>
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

// Backends of a record, by their indices. Begins empty.
class BackendSet {
 public:
  BackendSet() = default;
  BackendSet(const BackendSet& other);
  BackendSet& operator=(const BackendSet&) = delete;

  void clear() { used_ = 0; }
  void add(std::uint32_t index) {
    while (used_ <= index / 32)
      words_[used_++] = 0;
    words_[index / 32] |= 1U << index % 32;
  }
  void remove(std::uint32_t index) {
    if (has(index)) words_[index / 32] &= ~(1U << index % 32);
  }
  bool has(std::uint32_t index) const {
    return index / 32 < used_ && (words_[index / 32] >> index % 32 & 1U) != 0;
  }

  // Calls `use(index)` for each, in order, until that is false.
  template <typename Use>
  void for_each(Use use) const {
    for (std::uint32_t i = 0; i < used_; ++i) {
      for (std::uint32_t left = words_[i]; left != 0; left &= left - 1) {
        if (!use(i * 32 + static_cast<std::uint32_t>(__builtin_ctz(left)))) return;
      }
    }
  }

 private:
  std::array<std::uint32_t, record::kMaxBackends / 32> words_;  // the first used_ are set
  std::uint32_t used_ = 0;
};

// The backends that may be answered, and the choice among them. The record must outlive it.
//
// All that hlbd may change meanwhile is read once, when this is made, except weights and sort
// scores, on which only balance and order depend.
class Choice {
 public:
  // With `healthy` false the record's word on who is up is out of date: nobody counts as healthy.
  explicit Choice(const record::View& record, Asked asked, bool healthy = true);

  // Whether the record was read as it was at one moment. False if changes came again and again, or
  // never ended: then hlbd is to be asked, who knows.
  bool settled() const { return settled_; }

  // Whether the record says that hlbd is to be asked.
  bool undecided() const { return word_.undecided(); }

  Availability availability() const { return availability_; }

  // Whether the backend may be in an answer, which has the asked families alone.
  bool serves(std::uint32_t index) const { return ipv4_.has(index) || ipv6_.has(index); }

  // Whether the answer counts on the order in which glibc's sort leaves addresses.
  bool counts_on_sort() const;

  // Has choose() give the pick of each family alone, as where the sort scores aren't known.
  void pick_alone() { alone_ = true; }

  // The most addresses that choose() can return: known before anything is picked, and the same at
  // each call, so that a caller can ask for a larger buffer first.
  std::uint32_t most() const { return most_of(ipv6_count_) + most_of(ipv4_count_); }

  // Writes the backends' indices, in the order of the answer, to the front of `chosen`, and returns
  // how many. `chosen` has room for most().
  //  - one: a pick by weight;
  //  - spread: a pick by weight, then backends that glibc's sort will leave after it, no more
  //    than the record's max_addresses in all;
  //  - all: all.
  // Backends after a pick are in weighted random order. Each family has a pick of its own, since
  // between families glibc decides by other rules.
  std::uint32_t choose(Random& random, std::span<std::uint16_t> chosen) const;

 private:
  void read(bool healthy);
  void read_once(bool healthy);
  void start_over(record::Rank best);
  void take(std::uint32_t index, record::Family family);
  Availability judge() const;
  bool spreads() const;
  std::uint32_t most_of(std::uint32_t candidates) const;
  std::uint32_t choose_from(const BackendSet& family, std::uint32_t candidates, Random& random,
                            std::span<std::uint16_t> chosen) const;

  record::View record_;
  record::Word word_{0};
  Asked asked_;
  bool settled_ = false;
  bool alone_ = false;
  Availability availability_;
  record::Rank best_rank_ = 0;  // of those who serve
  std::uint32_t ipv4_count_ = 0;
  std::uint32_t ipv6_count_ = 0;
  BackendSet ipv4_;
  BackendSet ipv6_;
};

}  // namespace hlb
