#include "engine/hindrances.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "text/duration.h"

namespace hlb {
namespace {

constexpr const char* kVarious = "";  // the key of what is beyond kMost
constexpr std::size_t kShown = 3;     // in a summary

std::string with_others(const std::string& first, std::size_t all) {
  if (all <= 1) return first;
  return first + " and " + std::to_string(all - 1) + (all == 2 ? " other check" : " other checks");
}

std::string find_nothing_out(const std::string& first, std::size_t all) {
  return with_others(first, all) + (all <= 1 ? " finds nothing out" : " find nothing out");
}

// In seconds, once there are any.
std::string in_words(Clock::TimePoint::duration time) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  const auto whole = std::chrono::duration_cast<seconds>(time);
  return text::in_seconds(whole > seconds{0} ? whole
                                             : std::chrono::duration_cast<milliseconds>(time));
}

}  // namespace

Hindrances::Cause Hindrances::cause_of(const CheckSpec& check, const Outcome& outcome) {
  if (outcome.late) return {"late", outcome.reason, true};
  if (outcome.file_fault.empty()) return {outcome.reason, outcome.reason, true};
  const auto* file = std::get_if<FileCheck>(&check.method);
  const std::string& about = file != nullptr ? file->path : outcome.reason;
  return {about + '\n' + std::string(outcome.file_fault), outcome.reason, false};
}

Hindrances::Hindrances(Clock& clock, OnNews on_news)
    : clock_(clock), on_news_(std::move(on_news)), alarm_(clock, [this] { tell_due(); }) {}

// How many hold it, beside this.
std::size_t Hindrances::hindered(const Part& hindrance) {
  return static_cast<std::size_t>(hindrance.use_count()) - 1;
}

void Hindrances::hinder(Part& part, const Cause& cause, const std::function<std::string()>& who) {
  const Part& hindrance = find(cause);
  if (part == hindrance) return;
  release(part);
  if (!hindrance->active) begin(hindrance, cause, who());
  hindrance->over_since.reset();
  part = hindrance;
  hindrance->most = std::max(hindrance->most, hindered(hindrance));
}

// One that is over is kept until it may be told again.
Hindrances::Part& Hindrances::find(const Cause& cause) {
  const auto known = hindrances_.find(cause.key);
  if (known != hindrances_.end()) return known->second;
  std::erase_if(hindrances_, [now = clock_.now()](const auto& each) {
    return !each.second->active && each.second->not_before <= now;
  });
  Part& hindrance = hindrances_[hindrances_.size() < kMost ? cause.key : kVarious];
  if (!hindrance) hindrance = std::make_shared<Hindrance>();
  return hindrance;
}

void Hindrances::begin(const Part& part, const Cause& cause, std::string who) {
  const Clock::TimePoint now = clock_.now();
  Hindrance& hindrance = *part;
  hindrance = {.cause = cause,
               .first = std::move(who),
               .active = true,
               .since = now,
               .not_before = std::max(hindrance.not_before, now + kTogether)};
  if (!hindrances_.contains(cause.key)) hindrance.cause.reason += ", and various other reasons";
  alarm_.set(hindrance.not_before);
}

void Hindrances::release(Part& part) {
  if (part && hindered(part) == 1) end(*part);
  part.reset();
}

void Hindrances::recount() {
  for (const auto& [key, hindrance] : hindrances_) {
    if (hindrance->active && hindered(hindrance) == 0) end(*hindrance);
  }
}

// To be told in the next turn, if it isn't back by then.
void Hindrances::end(Hindrance& hindrance) {
  if (!hindrance.over_since) hindrance.over_since = clock_.now();
  alarm_.set(*hindrance.over_since);
}

// What is over before it was told is told all the same.
void Hindrances::tell_due() {
  for (const auto& [key, hindrance] : hindrances_) {
    if (!hindrance->active) continue;
    if (!hindrance->told && clock_.now() < hindrance->not_before) {
      alarm_.set(hindrance->not_before);
      continue;
    }
    if (!hindrance->told) tell_begin(*hindrance);
    if (hindrance->over_since) tell_end(*hindrance);
  }
}

void Hindrances::tell_begin(Hindrance& hindrance) {
  hindrance.told = true;
  hindrance.not_before = clock_.now() + kToldEvery;
  const auto& [key, reason, of_host] = hindrance.cause;
  on_news_(
      {true, find_nothing_out(hindrance.first, hindrance.most) +
                 (of_host ? ", for a reason of this host's own" : "") +
                 (hindrance.most <= 1 ? ", and its state stays: " : ", and the states stay: ") +
                 reason});
}

void Hindrances::tell_end(Hindrance& hindrance) {
  hindrance.active = false;
  on_news_({false, "over after " + in_words(*hindrance.over_since - hindrance.since) + ": " +
                       with_others(hindrance.first, hindrance.most) +
                       " had found nothing out: " + hindrance.cause.reason});
}

std::string Hindrances::summary() const {
  std::string text;
  std::size_t told = 0;
  for (const auto& [key, hindrance] : hindrances_) {
    if (!hindrance->active || !hindrance->told) continue;
    if (++told > kShown) continue;
    text += (told == 1 ? "" : "; ") +
            find_nothing_out(hindrance->first, std::max<std::size_t>(hindered(hindrance), 1)) +
            ": " + hindrance->cause.reason;
  }
  return told <= kShown ? text : text + "; and " + std::to_string(told - kShown) + " more";
}

}  // namespace hlb
