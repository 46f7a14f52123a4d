#include "fleet/mirror.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "fleet/talk.h"
#include "text/duration.h"
#include "text/printable.h"

namespace hlb::fleet {

using namespace std::chrono_literals;

namespace {

// A member that is behind is given so long to catch up before all is read.
constexpr std::chrono::milliseconds kCatchUp{500};

// So long may a change take that a member has. When thousands of watches are resumed at once, etcd
// serves 512 of them in 0.1 s.
constexpr std::chrono::milliseconds kLongestProof{3000};
constexpr std::chrono::milliseconds kAskWhileBehind{100};
constexpr std::size_t kMostEarly = 10'000;  // changes that wait meanwhile

// After a reading that was larger than a host may keep: it would be so again.
constexpr std::chrono::minutes kOverfullPause{1};

// How long a host is without the engine until it wants proof that it is the same.
constexpr std::chrono::minutes kAway{1};

// How long a watch lasts that shows that the engine is well.
constexpr std::chrono::seconds kSteady{5};

constexpr std::size_t kLongestFault = 200;

}  // namespace

Mirror::Mirror(boost::asio::any_io_executor executor, Clock& clock, Connect connect,
               MirrorSettings settings, MirrorObserver& observer, SavedMirror before)
    : executor_(std::move(executor)),
      clock_(clock),
      connect_(std::move(connect)),
      settings_(std::move(settings)),
      observer_(observer),
      accept_key_(settings_.prefix + std::string(kAcceptKey)),
      keys_(std::move(before.keys)),
      position_(before.position),
      random_(settings_.seed),
      endpoint_(random_.below(static_cast<std::uint32_t>(settings_.endpoints.size()))),
      retry_(clock.alarm([this] { attempt(); })),
      look_(clock.alarm([this] { look(); })),
      frozen_(clock.alarm([this] { tell_frozen(); })) {}

Mirror::~Mirror() {
  end_talk();
}

void Mirror::start() {
  standing_.since = settings_.wall();
  auto [first, refused] = keys_.tell_anew();
  if (!first.empty()) observer_.changed(first, false);
  for (const Change& each : refused)
    keys_.tell_present(each.key);
  if (!refused.empty()) tell(refused, false);
  attempt();
}

void Mirror::reconnect(Connect connect, std::vector<std::string> endpoints) {
  end_talk();
  close_batch();
  connect_ = std::move(connect);
  settings_.endpoints = std::move(endpoints);
  endpoint_ = random_.below(static_cast<std::uint32_t>(settings_.endpoints.size()));
  failures_ = 0;
  become(MirrorStanding::State::frozen, "it is connected to anew");
  attempt();
}

void Mirror::attempt() {
  ++standing_.connects;
  standing_.endpoint = endpoint();
  talk_ = std::make_shared<Talk>();
  talk_->connect = connect_;
  scope_.emplace();
  scope_->spawn(executor_, converse(talk_));
}

Mirror::Running<void> Mirror::converse(TalkPtr talk) {
  const EngineFault fault = co_await follow(talk);
  if (talk->engine) talk->engine->close();
  talk_.reset();
  fail(fault);
}

Mirror::Running<EngineFault> Mirror::follow(TalkPtr talk) {
  await_life(kSilence, "no connection within " + text::in_seconds(kSilence));
  Answer<std::unique_ptr<Engine>> connected = co_await talk->connect(endpoint());
  if (!connected) co_return std::move(connected.error());
  talk->engine = std::move(*connected);
  // Of an empty catalog there is nothing that proves whose it is, and reading it is cheap.
  if (position_.last_change.at == 0 || overfull_) {
    Fault fault = co_await read_all(talk);
    if (fault) co_return std::move(*fault);
  }
  while (true) {
    talk->then = Talk::Then::part;
    EngineFault fault = co_await follow_watch(talk);
    if (talk->then == Talk::Then::resume_unproven) continue;
    if (talk->then == Talk::Then::part || talk->listed) co_return fault;
    become(MirrorStanding::State::frozen, text::printable(fault.message, kLongestFault));
    Fault second = co_await read_all(talk);
    if (second) co_return std::move(*second);
  }
}

Mirror::Running<Mirror::Fault> Mirror::read_all(TalkPtr talk) {
  talk->watch.reset();
  talk->listed = talk->proven = true;
  ++standing_.lists;
  await_life(kLongestList, "no listing within " + text::in_seconds(kLongestList));
  Answer<Listing> listing = co_await talk->engine->list(settings_.prefix);
  if (!listing) co_return std::move(listing.error());
  Fault fault = co_await take_listing(std::move(*listing), talk);
  talk->doubt = Talk::Doubt::none;
  co_return fault;
}

// Returns why it is over. Where the engine isn't known to be the one that this copy is of, the last
// change known is watched, too: an engine that was restored, and has grown since, has another one.
Mirror::Running<EngineFault> Mirror::follow_watch(TalkPtr talk) {
  const Revision known = position_.revision;
  const Revision from = talk->proven ? known + 1 : position_.last_change.at;
  talk->watch = talk->engine->watch(settings_.prefix, from);
  ask_after_ = kAskAfter;
  await_life(kSilence, "no sign of life for " + text::in_seconds(kSilence));
  Answer<WatchNews> news = co_await talk->watch->next();
  if (news) {
    Fault fault = co_await prove(talk, *news);
    if (fault) co_return std::move(*fault);
    become(MirrorStanding::State::fresh, "");
  }
  while (news) {
    lived();
    std::erase_if(news->changes, [known](const Change& each) { return each.revision <= known; });
    Fault fault = co_await take_news(std::move(*news));
    if (fault) co_return std::move(*fault);
    news = co_await talk->watch->next();
  }
  talk->then = talk->after(news.error(), was_away());
  co_return std::move(news.error());
}

// Waits until the member shows that it has all that was known of the engine. A lower revision may
// be that of a member that lags, or of an engine that was wiped; so it is given time before all is
// read. What comes meanwhile is in `news` then.
Mirror::Running<Mirror::Fault> Mirror::prove(TalkPtr talk, WatchNews& news) {
  const Clock::TimePoint began = clock_.now();
  const auto is_last_change = [this](const Change& each) {
    return LastChange::of(each) == position_.last_change;
  };
  ask_after_ = kAskWhileBehind;
  asked_at_ = clock_.now();
  look();
  while (true) {
    talk->then = Talk::Then::list;
    if (news.stand.cluster != position_.cluster)
      co_return EngineFault{.message = "another cluster answers"};
    if (!talk->proven && !news.changes.empty()) {
      talk->proven = true;
      if (std::ranges::none_of(news.changes, is_last_change)) talk->doubt = Talk::Doubt::other;
    }
    if (talk->doubt == Talk::Doubt::other)
      co_return EngineFault{.message = "it has another last change"};
    const bool behind = news.stand.revision < position_.seen;
    if (talk->proven) talk->doubt = Talk::Doubt::none;
    if (!behind && talk->proven) break;
    if (!talk->proven) talk->doubt = behind ? Talk::Doubt::behind : Talk::Doubt::silent;
    if (clock_.now() >= began + (behind ? kCatchUp : kLongestProof) ||
        news.changes.size() > kMostEarly) {
      co_return EngineFault{.message = (behind ? "it is behind, at revision "
                                               : "it doesn't show the last change, at revision ") +
                                       std::to_string(news.stand.revision)};
    }
    Answer<WatchNews> later = co_await talk->watch->next();
    if (!later) {
      talk->then = talk->after(later.error(), was_away());
      co_return std::move(later.error());
    }
    lived();
    news.stand = later->stand;
    std::ranges::move(later->changes, std::back_inserter(news.changes));
  }
  talk->then = Talk::Then::part;
  ask_after_ = kAskAfter;
  co_return std::nullopt;
}

bool Mirror::was_away() const {
  const auto away = settings_.wall() - position_.last_sign;
  return away < Duration::zero() || away > kAway;
}

void Mirror::await_life(Duration at_most, std::string otherwise) {
  otherwise_ = std::move(otherwise);
  lived_at_ = clock_.now();
  dead_at_ = lived_at_ + at_most;
  look();
}

// Rings earlier than it has to after a sign of life, which is so frequent that nothing is set then.
void Mirror::look() {
  if (!talk_) return;
  const Clock::TimePoint now = clock_.now();
  if (now >= dead_at_) {
    end_talk();
    return fail({.message = otherwise_});
  }
  Clock::TimePoint next = dead_at_;
  if (talk_->watch) {
    Clock::TimePoint ask_at = std::max(lived_at_, asked_at_) + ask_after_;
    if (now >= ask_at) {
      asked_at_ = now;
      ask_at = now + ask_after_;
      talk_->watch->ask_progress();
    }
    next = std::min(next, ask_at);
  }
  look_->set(next);
}

// The coroutine has ended with its scope before the engine would have it go on.
void Mirror::end_talk() {
  const TalkPtr talk = std::exchange(talk_, nullptr);
  scope_.reset();
  if (talk && talk->engine) talk->engine->close();
}

void Mirror::fail(const EngineFault& fault) {
  close_batch();
  if (standing_.state == MirrorStanding::State::fresh && clock_.now() - fresh_at_ >= kSteady)
    failures_ = 0;
  become(MirrorStanding::State::frozen, text::printable(fault.message, kLongestFault));
  endpoint_ = (endpoint_ + 1) % settings_.endpoints.size();
  retry_->set(clock_.now() + pause());
}

Mirror::Duration Mirror::pause() {
  Duration mean = overfull_ ? Duration(kOverfullPause) : kMostPause;
  if (!overfull_ && failures_ < 8) mean = std::min<Duration>(mean, kLeastPause * (1U << failures_));
  ++failures_;
  return mean / 2 + mean * random_.below(1024) / 1024;
}

void Mirror::become(MirrorStanding::State state, std::string fault) {
  using State = MirrorStanding::State;
  if (standing_.state == state && standing_.fault == fault) return;
  const State before = std::exchange(standing_.state, state);
  standing_.fault = std::move(fault);
  if (before != state) {
    standing_.since = settings_.wall();
    if (state == State::frozen) {
      frozen_at_ = clock_.now();
      frozen_->set(frozen_at_ + kTellFrozenAfter);
    } else {
      fresh_at_ = clock_.now();
      position_.last_sign = settings_.wall();
    }
  }
  observer_.standing_changed();
  if (state != State::fresh || !std::exchange(told_frozen_, false)) return;
  observer_.notice(
      {.text = "fleet: etcd is followed again, after " + text::rounded(clock_.now() - frozen_at_)});
}

void Mirror::tell_frozen() {
  if (standing_.state != MirrorStanding::State::frozen || told_frozen_) return;
  told_frozen_ = true;
  observer_.notice({.trouble = true,
                    .text = "fleet: etcd can't be followed: " + standing_.endpoint + ": " +
                            standing_.fault + "; what it said last stays in force"});
}

void Mirror::refused(std::string_view key) {
  keys_.refuse(key);
}

void Mirror::accepted(std::string_view key) {
  keys_.accept(key);
}

MirrorStanding Mirror::standing() const {
  MirrorStanding standing = standing_;
  standing.cluster = position_.cluster;
  standing.revision = position_.revision;
  if (position_.last_sign != WallTime()) standing.last_sign = position_.last_sign;
  standing.keys = keys_.all().size();
  standing.bytes = keys_.bytes();
  standing.refused = keys_.refused();
  standing.held = keys_.held();
  if (standing.held > 0) standing.held_since = position_.held_since;
  return standing;
}

}  // namespace hlb::fleet
