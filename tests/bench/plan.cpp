#include "tests/bench/plan.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>
#include <stdexcept>

namespace hlb::bench {
namespace {

Case::Kind kind_named(const std::string& word) {
  if (word == "lookup") return Case::Kind::lookup;
  if (word == "threads") return Case::Kind::threads;
  if (word == "foreign") return Case::Kind::foreign;
  if (word == "first") return Case::Kind::first;
  throw std::runtime_error("no such kind of case: " + word);
}

std::string unless_dash(const std::string& word) {
  return word == "-" ? "" : word;
}

Case read_case(const std::string& line) {
  std::istringstream words(line);
  Case read;
  std::string kind;
  words >> read.name >> kind >> read.sources >> read.runtime >> read.host >> read.hosts >>
      read.threads;
  if (!words || read.hosts == 0 || read.threads == 0) {
    throw std::runtime_error("not a case: " + line);
  }
  read.kind = kind_named(kind);
  read.sources = unless_dash(read.sources);
  read.runtime = unless_dash(read.runtime);
  std::replace(read.sources.begin(), read.sources.end(), ',', ' ');
  return read;
}

}  // namespace

std::vector<Case> read_plan(std::istream& text) {
  std::vector<Case> plan;
  for (std::string line; std::getline(text, line);) {
    plan.push_back(read_case(line));
  }
  return plan;
}

std::vector<std::string> hosts_of(const Case& measured) {
  const std::size_t mark = measured.host.find('#');
  if (mark == std::string::npos) {
    return {measured.host};
  }
  std::vector<unsigned> numbers(measured.hosts);
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937(measured.hosts));
  std::vector<std::string> hosts;
  hosts.reserve(numbers.size());
  for (const unsigned number : numbers) {
    hosts.push_back(measured.host.substr(0, mark) + std::to_string(number) +
                    measured.host.substr(mark + 1));
  }
  return hosts;
}

}  // namespace hlb::bench
