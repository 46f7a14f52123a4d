#include "ctl/resolve/inclusions.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ctl/resolve/paths.h"
#include "ctl/status/status_text.h"
#include "ctl/terminal/times.h"
#include "libnss_hlb/choose.h"

namespace hlb::ctl {
namespace {

// The state of a backend, in words, when nothing but its checks decides on it.
std::string state_text(const BackendReport& told, WallTime now) {
  std::string text = told.state;
  if (told.since != WallTime{}) text += " for " + age(told.since, now);
  if (told.state != "up" && !told.reason.empty()) text += ": " + told.reason;
  return text;
}

// Judges the backends of a record by the rules of choose.h.
class Judgement {
 public:
  Judgement(const record::View& record, const std::vector<BackendReport>& told, WallTime now,
            bool vouched)
      : record_(record),
        told_(told),
        now_(now),
        vouched_(vouched),
        choice_(record, Asked::any, vouched) {
    for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
      if (choice_.serves(i)) serving_ = record.state(i);
    }
  }

  Inclusion of(std::uint32_t index) const {
    Inclusion inclusion{address_of(record_.backend(index)), choice_.serves(index), ""};
    const auto told = std::ranges::find(told_, inclusion.address, &BackendReport::address);
    const BackendReport* const known = told == told_.end() ? nullptr : &*told;
    inclusion.why = why(index, known);
    if (inclusion.is_in && record_.word().mode() != record::AnswerMode::all)
      inclusion.why += fmt::format(", first in {:.0f}% of answers", 100 * share(index));
    if (known == nullptr && !told_.empty())
      inclusion.why += "; no longer configured, it stays until those that replace it are known";
    return inclusion;
  }

 private:
  bool fail_open() const { return serving_ && (!vouched_ || !serving_->up()); }

  // The share of answers with its family in which it comes first.
  double share(std::uint32_t index) const {
    const record::Backend backend = record_.backend(index);
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
      const record::Backend other = record_.backend(i);
      if (choice_.serves(i) && other.family() == backend.family()) total += other.weight();
    }
    return static_cast<double>(backend.weight()) / std::max(total, 1U);
  }

  std::string why_in_panic(record::BackendState state, const BackendReport* told) const {
    if (!state.has_share()) return "its weight is 0";
    const char* const known = state.up() ? "up" : "down";
    return (told == nullptr ? known : state_text(*told, now_)) +
           "; so few are up that all are answered (panic)";
  }

  // Why a backend that is up doesn't serve.
  std::string why_not_yet(record::BackendState state, const BackendReport* told) const {
    const unsigned priority = told == nullptr ? state.priority() : told->priority;
    const unsigned serving = serving_ ? serving_->priority() : 0;
    if (told != nullptr && told->held_back) {
      return fmt::format("held back: its priority is {}, and priority {} goes on serving", priority,
                         serving);
    }
    return fmt::format("standby: its priority is {}, and backends of priority {} are up", priority,
                       serving);
  }

  std::string why_without_hlbd(record::BackendState state) const {
    if (!state.has_share()) return "its weight is 0";
    const std::string text = "hlbd has been gone for too long to know whether it is up";
    return fail_open() ? text + "; when_all_down = \"all\"" : text;
  }

  std::string why(std::uint32_t index, const BackendReport* told) const {
    const record::BackendState state = record_.state(index);
    if (told != nullptr && !told->override.kind.empty()) return describe(told->override, now_);
    if (state.withdrawn()) return "withdrawn";
    if (!vouched_) return why_without_hlbd(state);
    if (state.suspect()) {
      return "suspect, left out by its first failure" +
             (told == nullptr ? "" : ": " + told->reason);
    }
    if (state.panics()) return why_in_panic(state, told);
    if (!state.up()) {
      const std::string text = told == nullptr ? "down" : state_text(*told, now_);
      return fail_open() ? text + "; none is up, and when_all_down = \"all\"" : text;
    }
    if (!state.has_share()) return "its weight is 0";
    if (!choice_.serves(index)) return why_not_yet(state, told);
    return told == nullptr ? "up" : state_text(*told, now_);
  }

  const record::View& record_;
  const std::vector<BackendReport>& told_;
  WallTime now_;
  bool vouched_;
  Choice choice_;
  std::optional<record::BackendState> serving_;  // of a backend that serves, if any does
};

// Judges by hlbd's word alone, without a table.
Inclusion verdict_by_hlbd(const BackendReport& told, WallTime now) {
  const bool overridden = !told.override.kind.empty();
  return {told.address, told.weight_percent > 0,
          overridden ? describe(told.override, now) : state_text(told, now)};
}

}  // namespace

std::vector<Inclusion> inclusions(const record::View& record,
                                  const std::vector<BackendReport>& told, WallTime now,
                                  bool vouched) {
  std::vector<Inclusion> all;
  if (record.valid()) {
    const Judgement judgement(record, told, now, vouched);
    for (std::uint32_t i = 0; i < record.backend_count(); ++i)
      all.push_back(judgement.of(i));
  }
  for (const BackendReport& backend : told) {
    if (std::ranges::find(all, backend.address, &Inclusion::address) != all.end()) continue;
    Inclusion& inclusion = all.emplace_back(verdict_by_hlbd(backend, now));
    if (record.valid()) inclusion = {backend.address, false, "not published yet"};
  }
  return all;
}

}  // namespace hlb::ctl
