// hlbd's loop, as the bus's thread sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "operators/bus/directory.h"
#include "system/loop_calls.h"

namespace hlb::bus {

struct ServiceFacts {
  ServiceReport report;
  ServiceSettings settings;
};

struct BackendFacts {
  BackendReport report;
  std::vector<CheckReport> checks;
};

// Used by the bus's thread alone: each member asks the loop, and waits for what it says. Throws
// sdbus::Error when hlbd is ending.
//
// Long lists are asked for in parts of about a millisecond. When the configuration changes in
// between, the list is asked for anew; one that still is a mixture after some tries is taken as it
// is.
class LoopSide {
 public:
  // Has the bus's thread call `done`. Called in the loop, for as long as that runs.
  using Deliver = std::function<void(std::function<void()> done)>;

  // `calls`, and what the offer refers to, must outlive it.
  LoopSide(Offer offer, LoopCalls& calls, Deliver deliver);

  const Identity& identity() const { return offer_.identity; }
  tl::expected<Resolved, Refusal> resolve(std::string_view name, int family) const;

  Overview overview() const;
  std::vector<std::string> troubles() const;
  std::vector<Event> events(std::size_t most) const;
  std::optional<std::string> service_of(std::string_view name) const;
  FleetReport fleet() const;

  // Whole lists of what the Directory has in parts.
  std::vector<ServiceReport> services() const;
  std::optional<std::vector<BackendReport>> backends(std::string_view service) const;
  std::vector<BackendReport> all_backends() const;
  std::optional<std::vector<ConnectionReport>> connections(std::string_view service) const;
  std::vector<ConnectionReport> all_connections() const;

  std::vector<AliasReport> aliases() const;
  std::vector<OverridePreview> preview(const PreviewRequest& request) const;

  // Answers for one message or signal, in which there may be ten properties of each of thousands of
  // objects: what was said before is said again, until forget(). Null when there is none of that
  // name; valid until the next call.
  const ServiceFacts* service(std::string_view name);
  const BackendFacts* backend(std::string_view service, std::string_view address);
  // To be called before each message, and before each signal.
  void forget();

  // Pass on what Control has. The reply comes on the bus's thread, later, or never if hlbd is
  // ending.
  void set_override(OverrideRequest request, Control::ChangeReply reply) const;
  void clear_override(ClearRequest request, Control::ChangeReply reply) const;
  void fail_back(FailbackRequest request, Control::ChangeReply reply) const;
  void reload(Control::ReloadReply reply) const;
  void preview_reload(Control::ReloadPreviewReply reply) const;
  void close_connections(ClosingRequest request, Control::ChangeReply reply) const;
  void count_connections(Control::CountReply reply) const;

 private:
  template <typename Question>
  auto ask(Question question) const;
  template <typename Question>
  void tell(Question question) const;
  template <typename Part, typename Next>
  auto in_parts(Next next) const;
  template <typename Report, typename Some>
  std::optional<std::vector<Report>> of_service(std::string_view service, Some some) const;
  template <typename Report, typename Some>
  std::vector<Report> of_all_services(Some some) const;
  template <typename Outcome>
  std::function<void(const Outcome&)> delivered(std::function<void(const Outcome&)> reply) const;
  void read_ahead(std::string_view service);

  Offer offer_;
  LoopCalls& calls_;
  Deliver deliver_;

  // Facts that were told of one service, and of backends of one.
  std::optional<std::string> service_;
  std::optional<ServiceFacts> service_facts_;
  std::optional<std::string> service_of_backends_;
  std::map<std::string, std::optional<BackendFacts>, std::less<>> backend_facts_;  // by address
  std::size_t ahead_ = 0;  // number of the service's backends that read_ahead() has seen
};

}  // namespace hlb::bus
