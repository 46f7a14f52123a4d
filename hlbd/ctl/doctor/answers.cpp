#include "ctl/doctor/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ctl/resolve/paths.h"
#include "libnss_hlb/choose.h"
#include "libnss_hlb/name.h"

namespace hlb::ctl::doctor {
namespace {

constexpr double kMostPicks = 400;

bool is_among_backends(const std::string& address, const record::View& record) {
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    if (address_of(record.backend(i)) == address) return true;
  }
  return false;
}

bool has_one_of_each_family(const Answer& answer) {
  const auto ipv6 = std::ranges::count_if(
      answer, [](const std::string& each) { return each.find(':') != std::string::npos; });
  return ipv6 <= 1 && std::ssize(answer) - ipv6 <= 1;
}

}  // namespace

record::View HlbsAnswers::record_of(const std::string& name) const {
  return table_.view().find(Name(name));
}

HlbsAnswers::Shares HlbsAnswers::shares(const record::View& record) const {
  const Choice choice(record, hlb::Asked::any, trusted_);
  std::map<record::Family, double> sums;
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    if (choice.serves(i)) sums[record.backend(i).family()] += record.backend(i).weight();
  }
  Shares found;
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    const record::Backend backend = record.backend(i);
    if (choice.serves(i)) found[address_of(backend)] = backend.weight() / sums[backend.family()];
  }
  return found;
}

std::size_t HlbsAnswers::picks_needed(const std::string& name) const {
  constexpr double kByChance = 1e-9;
  const record::View record = record_of(name);
  if (record.word().mode() == record::AnswerMode::all) return 1;
  double most = 0;
  for (const auto& [address, share] : shares(record)) {
    if (share < 1) most = std::max(most, share);
  }
  const double picks = most == 0 ? 1 : std::ceil(std::log(kByChance) / std::log(most));
  return picks > kMostPicks ? 1 : static_cast<std::size_t>(picks);
}

std::string HlbsAnswers::difference(const std::string& name, const Answers& answers) const {
  const record::View record = record_of(name);
  const auto availability = Choice(record, hlb::Asked::any, trusted_).availability();
  if (availability == Availability::let_next) return "";
  if (answers.empty()) return availability == Availability::answerable ? "isn't found" : "";
  const Published later(machine_, table_.path().parent_path());
  const record::View now = later.view().valid() ? later.view().find(Name(name)) : record::View();
  const Shares before = shares(record);
  const Shares after = now.valid() ? shares(now) : Shares();
  for (const Answer& answer : answers) {
    for (const std::string& address : answer) {
      if (before.contains(address) || after.contains(address)) continue;
      const bool is_down = is_among_backends(address, record);
      return fmt::format("is {}, which is {}", address,
                         is_down ? "no healthy backend" : "no backend of its");
    }
  }
  return "";
}

std::optional<std::string> HlbsAnswers::always_first(const std::string& name,
                                                     const Answers& answers) const {
  if (answers.size() < 2 || answers.size() < picks_needed(name)) return std::nullopt;
  const Shares expected = shares(record_of(name));
  const std::string& first = answers.front().front();
  const auto share = expected.find(first);
  if (share == expected.end() || share->second >= 1) return std::nullopt;
  const bool same = std::ranges::all_of(
      answers, [&first](const Answer& answer) { return answer.front() == first; });
  return same ? std::optional(first) : std::nullopt;
}

bool HlbsAnswers::picked_alone(const std::string& name, const Answers& answers) const {
  const record::View record = record_of(name);
  const auto mode = record.word().mode();
  const bool spreads = mode != record::AnswerMode::one && mode != record::AnswerMode::all;
  if (!spreads || record.max_addresses() == 1 || answers.empty()) return false;
  const bool has_others =
      std::ranges::any_of(shares(record), [](const auto& each) { return each.second < 1; });
  return has_others && std::ranges::all_of(answers, has_one_of_each_family);
}

std::string HlbsAnswers::in_words(const std::string& name) const {
  std::string healthy;
  for (const auto& [address, share] : shares(record_of(name)))
    healthy += (healthy.empty() ? "" : ", ") + address;
  return healthy.empty() ? "By hlb it has no address now."
                         : fmt::format("By hlb it is {}.", healthy);
}

}  // namespace hlb::ctl::doctor
