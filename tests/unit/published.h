// Records and tables as hlbd publishes them, for the tests of those who read them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "health/verdict.h"
#include "publish/encode.h"

namespace hlb {

// A service to publish, in the words of a test. Keeps the specification that the verdict refers to.
class Sample {
 public:
  explicit Sample(std::string name = "app.local") { spec_.name = std::move(name); }

  Sample& answer(AnswerMode mode) { return (spec_.answer = mode, *this); }
  Sample& when_all_down(WhenAllDown rule) { return (spec_.when_all_down = rule, *this); }
  Sample& max_addresses(std::uint16_t most) { return (spec_.max_addresses = most, *this); }
  Sample& subdomains() { return (spec_.subdomains = true, *this); }
  Sample& except(std::string name) { return (spec_.except.push_back(std::move(name)), *this); }
  Sample& alias(std::string name) { return (spec_.aliases.push_back(std::move(name)), *this); }
  Sample& undecided() { return (verdict_.undecided = true, *this); }

  struct Traits {
    std::uint32_t weight = 1;
    std::uint16_t priority = 0;
    State state = State::up;
    std::uint32_t sort_score = 0;
    bool panic = false;
  };
  Sample& backend(const char* address, const Traits& traits) {
    const Address parsed = Address::parse(address).value();
    verdict_.backends.push_back({parsed, traits.weight, traits.priority, traits.state});
    verdict_.backends.back().panic = traits.panic;
    sort_scores_[parsed] = traits.sort_score;
    return *this;
  }
  Sample& backend(const char* address) { return backend(address, Traits()); }

  ServiceVerdict verdict() const {
    ServiceVerdict verdict = verdict_;
    verdict.spec = &spec_;
    const record::WhenAllDown rule = verdict.published().when_all_down();
    for (const BackendVerdict& each : verdict.backends)
      verdict.best_rank = std::min(verdict.best_rank, each.published().rank(rule));
    return verdict;
  }
  std::uint32_t sort_score(const Address& address) const {
    const auto found = sort_scores_.find(address);
    return found == sort_scores_.end() ? 0 : found->second;
  }
  std::vector<std::uint8_t> record() const {
    return publish::encode_record(verdict(),
                                  [this](const Address& each) { return sort_score(each); });
  }

 private:
  ServiceSpec spec_;
  ServiceVerdict verdict_;
  std::map<Address, std::uint32_t> sort_scores_;
};

inline std::vector<std::uint8_t> table_of(const std::vector<Sample>& services) {
  std::vector<ServiceVerdict> verdicts;
  verdicts.reserve(services.size());
  for (const Sample& service : services)
    verdicts.push_back(service.verdict());
  const auto score_of = [&](const Address& address) {
    std::uint32_t score = 0;
    for (const Sample& service : services)
      score = std::max(score, service.sort_score(address));
    return score;
  };
  return publish::encode_table(verdicts, {.max_stale = std::chrono::seconds(10), .network = {}},
                               score_of);
}

}  // namespace hlb
