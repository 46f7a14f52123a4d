// What an operator means by the words of a command line: the same for every command. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "health/target_list.h"

namespace hlb::ctl {

// All that a word can mean.
struct WhatThereIs {
  struct Backend {
    std::string service;
    std::string address;
    std::uint16_t port = 0;  // as status prints it; 0: none
  };

  std::vector<std::string> services;
  std::map<std::string, std::string> aliases;  // the service of each
  std::map<std::string, std::string> below;    // the service of each name below one, if looked up
  std::vector<Backend> backends;  // of all services; only needed by concerns_backends()
};

// What the words are for. To read, a name below a service means the service; to change something it
// doesn't, as it may be a slip.
enum class Purpose : std::uint8_t { read, change };

// One word, and what it means.
struct MeantWord {
  std::string word;
  std::string pattern;  // for TargetList: means what comes later, too
  std::string exactly;  // the same, but what has no wildcard as it is by now: what hlbd is told
};

class Targets {
 public:
  Targets() = default;  // all there is
  Targets(std::vector<MeantWord> targets, std::set<std::string> services);

  // The words; empty when all is meant.
  const std::vector<MeantWord>& words() const { return words_; }
  bool all() const { return words_.empty(); }
  // The services of which something is meant; empty when all is.
  const std::set<std::string>& services() const { return services_; }

  bool means_some_of(const std::string& service) const {
    return all() || services_.contains(service);
  }
  // Whether a backend is meant; for an empty address: the service as a whole.
  bool means(std::string_view service, std::string_view address) const;

  // All words together, as hlbd takes them.
  std::string to_string() const;

 private:
  std::vector<MeantWord> words_;
  std::set<std::string> services_;
  TargetList list_{"*"};
  std::vector<TargetPattern> whole_;  // those that mean whole services
};

// Why each word that means nothing, or too much, can't be taken, and what was probably meant.
using Faults = std::vector<std::string>;

// A word is a service's name or an alias; SERVICE/ADDRESS; or ADDRESS, in all services; each
// address with the port that status prints after it, or without. In names and addresses * and ?
// stand for any characters; of services they are compared with the name, not with aliases. Without
// a slash a word of digits, dots, colons and brackets is an address.
tl::expected<Targets, Faults> targets_of(std::span<const std::string> words,
                                         const WhatThereIs& there, Purpose purpose);

// Whether it takes the backends to tell what the word means.
bool concerns_backends(const std::string& word);

// The service's name or alias in the word as hlbd knows it: an IDN in ASCII, lower case, without a
// dot at its end. Empty when the word names no single service.
std::string name_in(const std::string& word);

// What is wrong with a URL in the place of a name; empty for other words.
std::string fault_of_url(const std::string& word);

}  // namespace hlb::ctl
