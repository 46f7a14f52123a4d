#include "discovery/name_watch.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace hlb::discovery {
namespace {

using std::chrono::milliseconds;

// Delay in which answers gather to be told together. The cost of a change grows with all services:
// pauses of four times as long leave it at most a fifth of the loop's time.
constexpr milliseconds kTogether{10};
constexpr int kPauses = 4;

std::string to_string(const SrvTarget& target) {
  return target.name + ":" + std::to_string(target.port);
}

std::string to_string(const Address& address) {
  return address.to_string();
}

template <typename T>
std::string list(const std::vector<T>& records) {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(records.size(), kShown); ++i)
    text += (i == 0 ? "" : ", ") + to_string(records[i]);
  if (records.size() <= kShown) return text;
  return text + " and " + std::to_string(records.size() - kShown) + " more";
}

bool has_names(const ServiceSpec& service) {
  return !service.named.empty();
}

}  // namespace

struct NameWatch::Followed {
  Followed(const boost::asio::any_io_executor& executor, NameKey what, Turns::SharePtr of_service)
      : key(std::move(what)), share(std::move(of_service)), name(key.srv), next(executor) {}

  std::string records() const { return key.srv ? list(name.targets()) : list(name.addresses()); }

  Resolver::Turn turn() const { return {share, name.standing() == KnownName::Standing::failing}; }

  NameKey key;
  Turns::SharePtr share;
  KnownName name;
  boost::asio::steady_timer next;
  bool asking = false;
  bool changed = false;  // records changed since they were told
};

NameWatch::NameWatch(boost::asio::any_io_executor executor, OnChange on_change, OnNotice on_notice,
                     IsUp is_up, ResolverSettings settings, milliseconds longest_first_round)
    : executor_(std::move(executor)),
      on_change_(std::move(on_change)),
      on_notice_(std::move(on_notice)),
      is_up_(std::move(is_up)),
      settings_(std::move(settings)),
      longest_first_round_(longest_first_round),
      hold_(executor_),
      first_round_(executor_),
      change_(executor_) {}

NameWatch::~NameWatch() = default;

Services NameWatch::follow(Services configured, Ask which) {
  change_.cancel();
  telling_ = false;
  if (configured->sums().with_names == 0) {
    configured_ = list_of({});
    names_.clear();
    shares_.clear();
    told_.clear();
    held_.clear();
    hold_.cancel();
    return configured;
  }
  configured_ = std::move(configured);
  // Changes without end of other things must not have names waited for without end.
  if (follow_names() || which == Ask::all) give_first_round_time();
  if (which == Ask::all) {
    for (const auto& [key, followed] : names_)
      ask(followed);
  }
  tell_records();
  told_ = expansions();
  return put_in(told_);
}

void NameWatch::give_first_round_time() {
  may_wait_ = true;
  first_round_.expires_after(longest_first_round_);
  first_round_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (error) return;
    may_wait_ = false;
    tell_soon();
  }));
}

const KnownName* NameWatch::find(const NameKey& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? nullptr : &found->second->name;
}

bool NameWatch::all_known() const {
  return std::ranges::all_of(names_, [](const auto& each) { return each.second->name.known(); });
}

// Follows the names that are needed, and forgets all others. Returns whether some are new.
bool NameWatch::follow_names() {
  const auto needed =
      names_of(configured_->all(), [this](const NameKey& key) { return find(key); });
  std::erase_if(names_, [&](const auto& each) { return !needed.contains(each.first); });
  std::erase_if(shares_, [](const auto& each) { return each.second->use_count() == 1; });
  bool any_new = false;
  for (const auto& [key, service] : needed) {
    std::shared_ptr<Followed>& followed = names_[key];
    if (followed) continue;
    followed = std::make_shared<Followed>(executor_, key, share_of(service));
    ask(followed);
    any_new = true;
  }
  return any_new;
}

const Turns::SharePtr& NameWatch::share_of(std::string_view service) {
  const auto found = shares_.find(service);
  if (found != shares_.end()) return found->second;
  return shares_.emplace(service, Turns::new_share()).first->second;
}

void NameWatch::ask(const std::shared_ptr<Followed>& followed) {
  if (std::exchange(followed->asking, true)) return;
  followed->next.cancel();
  if (!resolver_) resolver_.emplace(executor_, settings_);
  const auto questions = followed->name.questions();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    resolver_->ask({followed->key.name, questions[i]}, followed->turn(),
                   [this, weak = std::weak_ptr(followed), i](DnsAnswer answer) {
                     if (const auto asked = weak.lock()) take(asked, i, std::move(answer));
                   });
  }
}

void NameWatch::take(const std::shared_ptr<Followed>& followed, std::size_t question,
                     DnsAnswer answer) {
  answer.came = Monotonic::now();
  const KnownName::Changes changes = followed->name.take(question, std::move(answer));
  if (changes.records) {
    followed->changed = true;
    if (followed->key.srv) follow_names();
    tell_soon();
  }
  if (changes.standing) tell_standing(*followed);
  if (!followed->name.round_over()) return;
  followed->asking = false;
  ask_later(followed);
}

void NameWatch::ask_later(const std::shared_ptr<Followed>& followed) {
  followed->next.expires_after(followed->name.wait());
  followed->next.async_wait(
      [this, weak = std::weak_ptr(followed)](const boost::system::error_code& error) {
        const auto due = weak.lock();
        if (!error && due) ask(due);
      });
}

void NameWatch::tell_soon() {
  if (std::exchange(telling_, true)) return;
  change_.expires_at(std::max(Monotonic::now() + kTogether, earliest_next_));
  change_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error) tell();
  }));
}

void NameWatch::tell() {
  telling_ = false;
  const Monotonic::time_point started = Monotonic::now();
  std::vector<Expansion> now = expansions();
  if (now != told_) {
    tell_records();
    tell_left_out(now);
    told_ = std::move(now);
    on_change_(put_in(told_));
  }
  const Monotonic::time_point ended = Monotonic::now();
  earliest_next_ = ended + kPauses * (ended - started);
}

void NameWatch::tell_records() {
  for (const auto& [key, followed] : names_) {
    const bool changed = std::exchange(followed->changed, false);
    const std::string records = followed->records();
    if (changed && !records.empty()) on_notice_({false, key.name + " is " + records});
  }
}

void NameWatch::tell_standing(const Followed& followed) {
  const std::string& name = followed.key.name;
  if (followed.name.standing() == KnownName::Standing::resolved) {
    return on_notice_({false, name + " can be looked up again"});
  }
  const bool empty = followed.records().empty();
  on_notice_({true, name + " can't be looked up (" + followed.name.reason() + "): " +
                        (empty ? "nothing is known of it yet" : "what was known of it stays")});
}

std::vector<std::string> NameWatch::unresolved() const {
  std::vector<std::string> names;
  for (const auto& [key, followed] : names_) {
    if (followed->name.standing() == KnownName::Standing::failing) names.push_back(key.name);
  }
  return names;
}

void NameWatch::tell_left_out(const std::vector<Expansion>& expansions) {
  for (std::size_t i = 0; i < expansions.size(); ++i) {
    const Expansion& now = expansions[i];
    if (now.left_out == 0 || now.left_out == told_[i].left_out) continue;
    on_notice_({true, now.service.name + ": left out " + std::to_string(now.left_out) +
                          " addresses, which are more than " + std::to_string(kMaxBackends) +
                          " in all or have no port to check"});
  }
}

// Expands the services that have names. Forgets held backends of services without names.
std::vector<Expansion> NameWatch::expansions() {
  const FindName known = [this](const NameKey& key) { return find(key); };
  const auto came_before = [this](const NameKey& key) {
    const KnownName* name = find(key);
    return name == nullptr ? Monotonic::time_point{} : name->came_before();
  };
  std::vector<Expansion> expansions;
  std::map<std::string, HeldBackends> held;
  for (const ServiceSpec& service : configured_->all()) {
    if (!has_names(service)) continue;
    Expansion& expansion = expansions.emplace_back(expand(service, known, may_wait_));
    HeldBackends& of_service = held[service.name] = std::move(held_[service.name]);
    of_service.put_in(
        expansion, service, Monotonic::now(),
        [&](const Address& backend) { return is_up_(service.name, backend); }, came_before);
  }
  held_ = std::move(held);
  await_end_of_hold();
  return expansions;
}

void NameWatch::await_end_of_hold() {
  std::optional<Monotonic::time_point> first;
  for (const auto& [service, held] : held_) {
    if (const auto end = held.next_end()) first = std::min(first.value_or(*end), *end);
  }
  hold_.cancel();
  if (!first) return;
  hold_.expires_at(*first);
  hold_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error) tell_soon();
  }));
}

void NameWatch::went_down(const std::string& service) {
  const auto held = held_.find(service);
  if (held != held_.end() && held->second.next_end()) tell_soon();
}

Services NameWatch::put_in(const std::vector<Expansion>& expansions) const {
  const std::span<const ServiceSpec> configured = configured_->all();
  std::vector<ServiceSpec> services(configured.begin(), configured.end());
  auto next = expansions.begin();
  for (ServiceSpec& service : services) {
    if (has_names(service)) service = (next++)->service;
  }
  return list_of(std::move(services));
}

}  // namespace hlb::discovery
