// Records and tables as hlbd publishes them, for the tests of those who read them.
#pragma once

#include <cstdint>
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
  Sample& alias(std::string name) { return (spec_.aliases.push_back(std::move(name)), *this); }
  Sample& undecided() { return (verdict_.undecided = true, *this); }

  struct Traits {
    std::uint32_t weight = 1;
    std::uint16_t priority = 0;
    State state = State::up;
    std::uint32_t sort_score = 0;
  };
  Sample& backend(const char* address, const Traits& traits) {
    verdict_.backends.push_back({Address::parse(address).value(), traits.weight, traits.priority,
                                 traits.state, traits.sort_score});
    return *this;
  }
  Sample& backend(const char* address) { return backend(address, Traits()); }

  ServiceVerdict verdict() const {
    ServiceVerdict verdict = verdict_;
    verdict.spec = &spec_;
    return verdict;
  }
  std::vector<std::uint8_t> record() const { return publish::encode_record(verdict()); }

 private:
  ServiceSpec spec_;
  ServiceVerdict verdict_;
};

inline std::vector<std::uint8_t> table_of(const std::vector<Sample>& services) {
  std::vector<ServiceVerdict> verdicts;
  verdicts.reserve(services.size());
  for (const Sample& service : services)
    verdicts.push_back(service.verdict());
  return publish::encode_table(verdicts, {.max_stale = std::chrono::seconds(10), .network = {}});
}

}  // namespace hlb
