#include "operators/bus/loop_side.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "operators/bus/versions.h"

namespace hlb::bus {
namespace {

using namespace std::chrono_literals;

// The time that one part takes the loop, about, and the rows that are made between two looks at the
// clock.
constexpr auto kTimePerPart = 1ms;
constexpr std::size_t kRowsAtOnce = 100;
constexpr int kTries = 3;
// A caller that asks for more of a service's backends one by one is about to ask for all; a turn's
// signals, which are fewer, are not.
constexpr std::size_t kMostOneByOne = 64;

// Rows made in the loop at one time, some of many, and the configuration that they are of.
template <typename RowType>
struct Part {
  using Row = RowType;

  explicit Part(const Directory& directory) : configurations(directory.configurations()) {}

  void add(std::vector<Row> more) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }

  std::uint64_t configurations;
  std::vector<Row> rows;
  bool last = false;
};

// Calls `step` until the part is the last, or has taken its time.
template <typename Part, typename Step>
void fill(Part& part, Step step) {
  const auto end = std::chrono::steady_clock::now() + kTimePerPart;
  do {
    part.last = !step();
  } while (!part.last && std::chrono::steady_clock::now() < end);
}

// Asks for some of what there is of each backend of a service, from an index on, kRowsAtOnce at
// most.
std::optional<std::vector<BackendReport>> some_backends(const Directory& directory,
                                                        std::string_view service,
                                                        std::size_t first) {
  return directory.backends(service, first, kRowsAtOnce);
}
std::optional<std::vector<ConnectionReport>> some_connections(const Directory& directory,
                                                              std::string_view service,
                                                              std::size_t first) {
  return directory.connections(service, first, kRowsAtOnce);
}

// Adds some of what there is of each backend of a service, from the index `next` on. Returns
// whether there may be more.
template <typename Report, typename Some>
bool add_some(Part<Report>& part, const Directory& directory, std::string_view service,
              std::size_t& next, Some ask_for_some) {
  auto some = ask_for_some(directory, service, next);
  if (!some) return false;
  next += some->size();
  const bool more = some->size() == kRowsAtOnce;
  part.add(*std::move(some));
  return more;
}

std::optional<BackendFacts> facts_of(const Directory& directory, std::string_view service,
                                     std::string_view address) {
  auto report = directory.backend(service, address);
  if (!report) return std::nullopt;
  return BackendFacts{*std::move(report), directory.checks(service, address)};
}

std::optional<ServiceFacts> facts_of(const Directory& directory, std::string_view service) {
  auto report = directory.service(service);
  if (!report) return std::nullopt;
  return ServiceFacts{*std::move(report), directory.settings(service).value_or(ServiceSettings())};
}

}  // namespace

LoopSide::LoopSide(Offer offer, LoopCalls& calls, Deliver deliver)
    : offer_(std::move(offer)), calls_(calls), deliver_(std::move(deliver)) {}

template <typename Question>
auto LoopSide::ask(Question question) const {
  try {
    return calls_.ask(question);
  } catch (const LoopCalls::Ended& ended) {
    throw sdbus::Error(BusName{"org.freedesktop.DBus.Error.NoReply"}, ended.what());
  }
}

template <typename Question>
void LoopSide::tell(Question question) const {
  try {
    ask(std::move(question));
  } catch (const sdbus::Error&) {
    // hlbd is ending, and nobody is told any more.
  }
}

// Joins the parts that a copy of `next` returns, one a call, in the loop; its state says where to
// go on.
template <typename Part, typename Next>
auto LoopSide::in_parts(Next next) const {
  for (int tries = 1;; ++tries) {
    Next from_here = next;
    std::vector<typename Part::Row> rows;
    std::optional<std::uint64_t> configurations;
    for (bool mixed = false;;) {
      Part part = ask([&] { return from_here(); });
      mixed |= configurations.value_or(part.configurations) != part.configurations;
      configurations = part.configurations;
      rows.insert(rows.end(), std::make_move_iterator(part.rows.begin()),
                  std::make_move_iterator(part.rows.end()));
      if (mixed && tries < kTries) break;
      if (part.last) return rows;
    }
  }
}

// ---- what everybody may ask --------------------------------------------------------------------

tl::expected<Resolved, Refusal> LoopSide::resolve(std::string_view name, int family) const {
  return ask([&] { return offer_.resolve(name, family); });
}

Overview LoopSide::overview() const {
  return ask([this] { return offer_.directory.overview(); });
}

std::vector<std::string> LoopSide::troubles() const {
  return ask([this] { return offer_.directory.troubles(); });
}

std::vector<Event> LoopSide::events(std::size_t most) const {
  return ask([&] { return offer_.directory.events(most); });
}

std::optional<std::string> LoopSide::service_of(std::string_view name) const {
  return ask([&] { return offer_.directory.service_of(name); });
}

FleetReport LoopSide::fleet() const {
  return ask([this] { return offer_.directory.fleet(); });
}

std::vector<ServiceReport> LoopSide::services() const {
  using Services = Part<ServiceReport>;
  return in_parts<Services>([&directory = offer_.directory, first = std::size_t{0}]() mutable {
    Services part(directory);
    fill(part, [&] {
      auto some = directory.services(first, kRowsAtOnce);
      first += some.size();
      const bool more = some.size() == kRowsAtOnce;
      part.add(std::move(some));
      return more;
    });
    return part;
  });
}

template <typename Report, typename Some>
std::optional<std::vector<Report>> LoopSide::of_service(std::string_view service, Some some) const {
  using Reports = Part<Report>;
  if (!ask([&] { return offer_.directory.service(service).has_value(); })) return std::nullopt;
  return in_parts<Reports>(
      [&directory = offer_.directory, service, some, next = std::size_t{0}]() mutable {
        Reports part(directory);
        fill(part, [&] { return add_some(part, directory, service, next, some); });
        return part;
      });
}

template <typename Report, typename Some>
std::vector<Report> LoopSide::of_all_services(Some some) const {
  using Reports = Part<Report>;
  return in_parts<Reports>([&directory = offer_.directory, some, service = std::size_t{0},
                            next = std::size_t{0}]() mutable {
    Reports part(directory);
    fill(part, [&] {
      const auto here = directory.services(service, 1);
      if (here.empty()) return false;
      if (add_some(part, directory, here.front().name, next, some)) return true;
      ++service;
      next = 0;
      return true;
    });
    return part;
  });
}

std::optional<std::vector<BackendReport>> LoopSide::backends(std::string_view service) const {
  return of_service<BackendReport>(service, some_backends);
}

std::vector<BackendReport> LoopSide::all_backends() const {
  return of_all_services<BackendReport>(some_backends);
}

std::optional<std::vector<ConnectionReport>> LoopSide::connections(std::string_view service) const {
  return of_service<ConnectionReport>(service, some_connections);
}

std::vector<ConnectionReport> LoopSide::all_connections() const {
  return of_all_services<ConnectionReport>(some_connections);
}

std::vector<AliasReport> LoopSide::aliases() const {
  using Aliases = Part<AliasReport>;
  return in_parts<Aliases>([&directory = offer_.directory, next = std::size_t{0}]() mutable {
    Aliases part(directory);
    fill(part, [&] {
      const auto here = directory.services(next++, 1);
      if (here.empty()) return false;
      const std::string& service = here.front().name;
      for (std::string& alias : directory.settings(service).value_or(ServiceSettings()).aliases)
        part.rows.push_back({std::move(alias), service});
      return true;
    });
    return part;
  });
}

std::vector<OverridePreview> LoopSide::preview(const PreviewRequest& request) const {
  using Previews = Part<OverridePreview>;
  return in_parts<Previews>(
      [&directory = offer_.directory, &request, next = std::size_t{0}]() mutable {
        Previews part(directory);
        fill(part, [&] {
          const bool last = directory.services(next, 1).empty();
          part.add(directory.preview(request, next++));
          return !last;
        });
        return part;
      });
}

// ---- objects and their properties --------------------------------------------------------------

const ServiceFacts* LoopSide::service(std::string_view name) {
  if (service_ != name) {
    service_facts_ = ask([&] { return facts_of(offer_.directory, name); });
    service_ = name;
  }
  return service_facts_ ? &*service_facts_ : nullptr;
}

const BackendFacts* LoopSide::backend(std::string_view service, std::string_view address) {
  if (service_of_backends_ != service) {
    backend_facts_.clear();
    ahead_ = 0;
    service_of_backends_ = service;
  }
  auto found = backend_facts_.find(address);
  if (found == backend_facts_.end() && backend_facts_.size() >= kMostOneByOne) {
    read_ahead(service);
    found = backend_facts_.find(address);
  }
  if (found == backend_facts_.end()) {
    auto facts = ask([&] { return facts_of(offer_.directory, service, address); });
    found = backend_facts_.emplace(address, std::move(facts)).first;
  }
  return found->second ? &*found->second : nullptr;
}

// Asks the loop once for the facts of many backends.
void LoopSide::read_ahead(std::string_view service) {
  const auto some = ask([&] {
    const Directory& directory = offer_.directory;
    Part<BackendReport> part(directory);
    std::vector<BackendFacts> facts;
    fill(part, [&] {
      const bool more = add_some(part, directory, service, ahead_, some_backends);
      for (BackendReport& each : std::exchange(part.rows, {})) {
        auto checks = directory.checks(service, each.address);
        facts.push_back({std::move(each), std::move(checks)});
      }
      return more;
    });
    return facts;
  });
  for (const BackendFacts& each : some)
    backend_facts_.emplace(each.report.address, each);
}

void LoopSide::forget() {
  service_.reset();
  service_of_backends_.reset();
  backend_facts_.clear();
}

// ---- what some may change ----------------------------------------------------------------------

template <typename Outcome>
std::function<void(const Outcome&)> LoopSide::delivered(
    std::function<void(const Outcome&)> reply) const {
  return [deliver = deliver_, reply = std::move(reply)](const Outcome& outcome) {
    deliver([reply, outcome] { reply(outcome); });
  };
}

void LoopSide::set_override(OverrideRequest request, Control::ChangeReply reply) const {
  tell([&] { offer_.control.set_override(std::move(request), delivered(std::move(reply))); });
}

void LoopSide::clear_override(ClearRequest request, Control::ChangeReply reply) const {
  tell([&] { offer_.control.clear_override(std::move(request), delivered(std::move(reply))); });
}

void LoopSide::fail_back(FailbackRequest request, Control::ChangeReply reply) const {
  tell([&] { offer_.control.fail_back(std::move(request), delivered(std::move(reply))); });
}

void LoopSide::reload(Control::ReloadReply reply) const {
  tell([&] { offer_.control.reload(delivered(std::move(reply))); });
}

void LoopSide::preview_reload(Control::ReloadPreviewReply reply) const {
  tell([&] { offer_.control.preview_reload(delivered(std::move(reply))); });
}

void LoopSide::close_connections(ClosingRequest request, Control::ChangeReply reply) const {
  tell([&] { offer_.control.close_connections(std::move(request), delivered(std::move(reply))); });
}

void LoopSide::count_connections(Control::CountReply reply) const {
  tell([&] { offer_.control.count_connections(delivered(std::move(reply))); });
}

}  // namespace hlb::bus
