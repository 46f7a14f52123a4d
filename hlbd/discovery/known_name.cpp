#include "discovery/known_name.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hlb::discovery {
namespace {

using std::chrono::seconds;

constexpr std::array kAddressQuestions = {RecordType::a, RecordType::aaaa};
constexpr std::array kSrvQuestions = {RecordType::srv};

seconds retry_after(unsigned failures) {
  constexpr unsigned kDoublings = 5;  // enough to reach kLastRetry
  return std::min(kFirstRetry * (1U << std::min(failures - 1, kDoublings)), kLastRetry);
}

bool same_records(const DnsAnswer& one, const DnsAnswer& other) {
  return one.addresses == other.addresses && one.targets == other.targets;
}

bool is_empty(const DnsAnswer& answer) {
  return answer.addresses.empty() && answer.targets.empty();
}

}  // namespace

KnownName::KnownName(bool srv) : srv_(srv) {}

std::span<const RecordType> KnownName::questions() const {
  if (srv_) return kSrvQuestions;
  return kAddressQuestions;
}

KnownName::Changes KnownName::take(std::size_t question, DnsAnswer answer) {
  const bool was_known = known();
  const Standing stood = standing_;
  Changes changes;
  round_.at(question) = answer;
  ++answered_;
  if (answer.result == DnsAnswer::Result::records) {
    changes.records = !same_records(last_.at(question), answer);
    came_before_.at(question) = last_.at(question).came;
    last_.at(question) = std::move(answer);
  }
  if (answered_ == questions().size()) changes.records |= end_round();
  changes.records |= known() != was_known;
  const bool began_well = stood == Standing::fresh && standing_ == Standing::resolved;
  changes.standing = standing_ != stood && !began_well;
  return changes;
}

// Ends the round. Returns whether records went.
bool KnownName::end_round() {
  standing_ = judge();
  failures_ = standing_ == Standing::resolved ? 0 : failures_ + 1;
  wait_ = failures_ == 0 ? seconds(kMostUse) : retry_after(failures_);
  for (const auto& answer : round()) {
    if (answer->result == DnsAnswer::Result::records)
      wait_ = std::min(wait_, std::max(answer->ttl, kLeastUse));
  }
  const bool gone = forget_what_went();
  round_ = {};
  answered_ = 0;
  return gone;
}

KnownName::Standing KnownName::judge() {
  const auto with = [&](DnsAnswer::Result result) {
    return std::ranges::count_if(round(), [&](const auto& each) { return each->result == result; });
  };
  const auto all = std::ssize(round());
  reason_.clear();
  if (with(DnsAnswer::Result::failed) > 0) {
    const std::size_t failed = round_.front()->result == DnsAnswer::Result::failed ? 0 : 1;
    if (with(DnsAnswer::Result::failed) < all) reason_ = failed == 0 ? "A: " : "AAAA: ";
    reason_ += round_.at(failed)->reason;
    return Standing::failing;
  }
  if (with(DnsAnswer::Result::none) < all) return Standing::resolved;
  reason_ = round_.front()->reason;
  return Standing::absent;
}

bool KnownName::forget_what_went() {
  const auto went = [&](std::size_t i) {
    return round_.at(i)->result == DnsAnswer::Result::none && !is_empty(last_.at(i));
  };
  bool some_stay = false;
  for (std::size_t i = 0; i < questions().size(); ++i)
    some_stay |= !went(i) && !is_empty(last_.at(i));
  bool gone = false;
  for (std::size_t i = 0; some_stay && i < questions().size(); ++i) {
    if (went(i)) {
      came_before_.at(i) = last_.at(i).came;
      last_.at(i) = {};
      gone = true;
    }
  }
  return gone;
}

std::span<const std::optional<DnsAnswer>> KnownName::round() const {
  return std::span(round_).first(questions().size());
}

std::vector<Address> KnownName::addresses() const {
  std::vector<Address> all;
  for (const DnsAnswer& answer : last_)
    all.insert(all.end(), answer.addresses.begin(), answer.addresses.end());
  return all;
}

std::chrono::steady_clock::time_point KnownName::came_before() const {
  return *std::ranges::max_element(came_before_);
}

bool KnownName::known() const {
  return standing_ != Standing::fresh || !std::ranges::all_of(last_, is_empty);
}

}  // namespace hlb::discovery
