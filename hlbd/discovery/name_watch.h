// Follows the addresses of backends that are given by name.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/expand.h"
#include "discovery/held_backends.h"
#include "discovery/known_name.h"
#include "discovery/resolver.h"
#include "health/service_list.h"
#include "system/log.h"
#include "system/scope.h"

namespace hlb::discovery {

// The longest time that a name without an answer holds things up.
inline constexpr std::chrono::seconds kLongestFirstRound{10};

// Looks names up in DNS, again when their time to live ends. Costs nothing as long as no service
// has names. Used by hlbd's loop alone.
class NameWatch {
 public:
  // Called from the loop with all services, expanded (see expand()), when any has changed, for all
  // changes of a moment together.
  using OnChange = std::function<void(Services)>;

  // Called with news for people: a name's records, a lookup that fails, or no longer does; each
  // once.
  using OnNotice = std::function<void(const Notice&)>;

  // Whether the checks of a service find the backend up, so that it is held; see HeldBackends.
  using IsUp = std::function<bool(std::string_view service, const Address& backend)>;

  NameWatch(boost::asio::any_io_executor executor, OnChange on_change, OnNotice on_notice,
            IsUp is_up, ResolverSettings settings = {},
            std::chrono::milliseconds longest_first_round = kLongestFirstRound);
  ~NameWatch();
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;

  enum class Ask : std::uint8_t { all, new_names };

  // Takes over a configuration, asks for all of its names at once, or for those alone that it
  // hadn't before, and returns it with the addresses known already: the same list if it has no
  // names.
  Services follow(Services configured, Ask which = Ask::all);

  // The services of that configuration, as follow() took them; empty if none has names.
  const Services& configured() const { return configured_; }

  // Whether every name has had an answer, or the time for one, and on_change has told of it.
  bool first_round_over() const { return !telling_ && (!may_wait_ || all_known()); }

  // Drops held backends that are down; to be called when a backend of the service went down.
  void went_down(const std::string& service);

  // The names that can't be looked up at the moment.
  std::vector<std::string> unresolved() const;

 private:
  using Monotonic = std::chrono::steady_clock;
  struct Followed;

  const KnownName* find(const NameKey& key) const;
  bool all_known() const;
  bool follow_names();
  const Turns::SharePtr& share_of(std::string_view service);
  void ask(const std::shared_ptr<Followed>& followed);
  void take(const std::shared_ptr<Followed>& followed, std::size_t question, DnsAnswer answer);
  void ask_later(const std::shared_ptr<Followed>& followed);
  void give_first_round_time();
  void tell_soon();
  void tell();
  void tell_standing(const Followed& followed);
  void tell_records();
  void tell_left_out(const std::vector<Expansion>& expansions);
  std::vector<Expansion> expansions();
  void await_end_of_hold();
  Services put_in(const std::vector<Expansion>& expansions) const;

  boost::asio::any_io_executor executor_;
  OnChange on_change_;
  OnNotice on_notice_;
  IsUp is_up_;
  ResolverSettings settings_;
  std::chrono::milliseconds longest_first_round_;
  std::optional<Resolver> resolver_;   // made at the first question
  Services configured_ = list_of({});  // empty unless any service has names
  std::vector<Expansion> told_;        // last told, of the services that have names
  std::map<NameKey, std::shared_ptr<Followed>> names_;
  std::map<std::string, HeldBackends> held_;                    // by service
  boost::asio::steady_timer hold_;                              // until the first hold ends
  std::map<std::string, Turns::SharePtr, std::less<>> shares_;  // by service
  boost::asio::steady_timer first_round_;
  bool may_wait_ = false;  // first answers may still be awaited
  boost::asio::steady_timer change_;
  bool telling_ = false;  // soon
  Monotonic::time_point earliest_next_;
  Scope scope_;
};

}  // namespace hlb::discovery
