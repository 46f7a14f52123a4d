#include "ctl/resolve/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ctl/resolve/paths.h"
#include "ctl/status/status_text.h"
#include "ctl/terminal/times.h"

namespace hlb::ctl {
namespace {

// How it is with a backend that nothing but its checks decides on.
std::string state_text(const BackendReport& told, WallTime now) {
  std::string text = told.state;
  if (told.since != WallTime{}) text += " for " + age(told.since, now);
  if (told.state != "up" && !told.reason.empty()) text += ": " + told.reason;
  return text;
}

// Judges the backends of a record by the rules of choose.h.
class Judgement {
 public:
  Judgement(const record::View& record, const std::vector<BackendReport>& told, WallTime now)
      : record_(record), told_(told), now_(now) {
    for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
      const record::Backend backend = record.backend(i);
      if (backend.up() && usable(backend))
        best_ = std::min(best_.value_or(UINT16_MAX), backend.priority());
    }
  }

  Verdict of(const record::Backend& backend) const {
    Verdict verdict{address_of(backend), serves(backend), ""};
    const auto told = std::ranges::find(told_, verdict.address, &BackendReport::address);
    const BackendReport* const known = told == told_.end() ? nullptr : &*told;
    verdict.why = why(backend, known);
    if (verdict.is_in && record_.mode() != record::AnswerMode::all)
      verdict.why += fmt::format(", first in {:.0f}% of answers", 100 * share(backend));
    if (known == nullptr && !told_.empty())
      verdict.why += "; no longer configured, it stays until those that replace it are known";
    return verdict;
  }

 private:
  static bool usable(const record::Backend& backend) {
    return !backend.withdrawn() && backend.weight() > 0;
  }

  bool fail_open() const { return !best_ && record_.when_all_down() == record::WhenAllDown::all; }

  bool serves(const record::Backend& backend) const {
    return usable(backend) && (fail_open() || (backend.up() && backend.priority() == best_));
  }

  // Of the answers with its family, those that it comes first in.
  double share(const record::Backend& backend) const {
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
      const record::Backend other = record_.backend(i);
      if (serves(other) && other.family() == backend.family()) total += other.weight();
    }
    return static_cast<double>(backend.weight()) / total;
  }

  std::string why(const record::Backend& backend, const BackendReport* told) const {
    if (told != nullptr && !told->override.kind.empty()) return describe(told->override, now_);
    if (backend.withdrawn()) return "withdrawn";
    if (!backend.up()) {
      const std::string state = told == nullptr ? "down" : state_text(*told, now_);
      return fail_open() ? state + "; none is up, and when_all_down = \"all\"" : state;
    }
    if (backend.weight() == 0) return "its weight is 0";
    if (!serves(backend)) {
      return fmt::format("standby: its priority is {}, and backends of priority {} are up",
                         backend.priority(), *best_);
    }
    return told == nullptr ? "up" : state_text(*told, now_);
  }

  const record::View& record_;
  const std::vector<BackendReport>& told_;
  WallTime now_;
  std::optional<std::uint16_t> best_;  // the priority that serves; none where none is up
};

// Without a table's word.
Verdict verdict_by_hlbd(const BackendReport& told, WallTime now) {
  const bool overridden = !told.override.kind.empty();
  return {told.address, told.weight_percent > 0,
          overridden ? describe(told.override, now) : state_text(told, now)};
}

}  // namespace

std::vector<Verdict> verdicts(const record::View& record, const std::vector<BackendReport>& told,
                              WallTime now) {
  std::vector<Verdict> all;
  if (record.valid()) {
    const Judgement judgement(record, told, now);
    for (std::uint32_t i = 0; i < record.backend_count(); ++i)
      all.push_back(judgement.of(record.backend(i)));
  }
  for (const BackendReport& backend : told) {
    if (std::ranges::find(all, backend.address, &Verdict::address) != all.end()) continue;
    Verdict& verdict = all.emplace_back(verdict_by_hlbd(backend, now));
    if (record.valid()) verdict = {backend.address, false, "not published yet"};
  }
  return all;
}

}  // namespace hlb::ctl
