#include "ctl/client.h"

#include <org.hlb1.proxy.h>
#include <sdbus-c++/sdbus-c++.h>
#include <sys/socket.h>

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <utility>

#include "ctl/bus_connection.h"
#include "ctl/bus_failure.h"
#include "libnss_hlb/bus.h"
#include "operators/bus/encoding.h"
#include "operators/bus/fleet_encoding.h"
#include "operators/bus/versions.h"
#include "text/idn.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;
using bus::wall_time;
using org::hlb1::Manager_proxy;
using org::hlb1::Resolver_proxy;

// The limit of calls that change something, for which hlbd waits for its disk.
constexpr auto kChangeLimit = 2min;
// Matches the signal that hlbd has joined or left the bus.
constexpr char kPresence[] =
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg0='org.hlb1'";

// Calls `handler` for what matches as long as the slot, or else (in sdbus-c++ 2.x) the connection,
// exists.
template <typename Connection>
sdbus::Slot add_match(Connection& connection, const char* match, sdbus::message_handler handler) {
  if constexpr (requires {
                  { connection.addMatch(match, handler) } -> std::same_as<void>;
                }) {
    connection.addMatch(match, std::move(handler));
    return {};
  } else {
    return connection.addMatch(match, std::move(handler));
  }
}

// A name as hlbd knows it: of an IDN, its ASCII form.
std::string in_ascii(const std::string& name) {
  return text::idn_to_ascii(name).value_or(name);
}

using Properties = bus::NamedValues;

// The property; Value() when it is missing, as it may be of an older hlbd.
template <typename Value>
Value property(const Properties& properties, const char* name) {
  return bus::value_named<Value>(properties, name);
}

// A base, so that the connection outlives the proxy on it.
struct Connected {
  std::unique_ptr<sdbus::IConnection> connection_;
};

}  // namespace

class Client::Link final : private Connected,
                           public sdbus::ProxyInterfaces<Manager_proxy, Resolver_proxy> {
 public:
  explicit Link(std::unique_ptr<sdbus::IConnection> connection)
      : Connected{std::move(connection)},
        ProxyInterfaces(*connection_, bus::BusName{bus::kName}, bus::BusName{bus::kPath}) {
    registerProxy();
  }
  ~Link() { unregisterProxy(); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  sdbus::IConnection& connection() { return *connection_; }

  Properties properties() {
    Properties all;
    getProxy()
        .callMethod("GetAll")
        .onInterface("org.freedesktop.DBus.Properties")
        .withArguments(std::string(bus::kManagerInterface))
        .storeResultsTo(all);
    return all;
  }

  void listen(EventListener listener) {
    listener_ = std::move(listener);
    presence_ = add_match(*connection_, kPresence, [this](auto&& message) {
      std::string name, before, now;  // NOLINT(misc-const-correctness): read into below
      message >> name >> before >> now;
      listener_.on_presence(!now.empty());
    });
  }

 private:
  using Text = const std::string&;

  void tell(const Event& event) {
    const bool told = by_user_ && is_same(*by_user_, event);
    by_user_.reset();
    if (!told && listener_.on_event) listener_.on_event(event);
  }
  // The signal that has no room for the user follows.
  void onChangedByUser(const bus::NamedValues& values) override {
    const Event event = bus::event_of(values);
    tell(event);
    by_user_ = event;
  }
  void onBackendChanged(const std::uint64_t& at, Text service, Text address, Text before, Text now,
                        Text reason) override {
    tell({wall_time(at), service, address, Event::What::state, before, now, reason});
  }
  void onServiceChanged(const std::uint64_t& at, Text service, Text before, Text now) override {
    tell({wall_time(at), service, "", Event::What::state, before, now, ""});
  }
  void onOverrideChanged(const std::uint64_t& at, Text service, Text address, Text before, Text now,
                         Text reason) override {
    tell({wall_time(at), service, address, Event::What::override, before, now, reason});
  }
  void onServingChanged(const std::uint64_t& at, Text service, Text before, Text now,
                        Text reason) override {
    tell({wall_time(at), service, "", Event::What::serving, before, now, reason});
  }

  sdbus::Slot presence_;
  EventListener listener_;
  std::optional<Event> by_user_;  // the last, if nothing came after it
};

template <typename Call>
auto Client::ask(Call call) {
  try {
    return call();
  } catch (const sdbus::Error& error) {
    throw not_answered(describe(error, bus_), false);
  }
}

template <typename Call>
auto Client::change(Call call) {
  ask([this] { return link_->Version(); });
  try {
    link_->connection().setMethodCallTimeout(kChangeLimit);
    return call();
  } catch (const sdbus::Error& error) {
    throw not_answered(describe(error, bus_), true);
  }
}

std::string Client::meant_by(const std::string& name, const sdbus::Error& error) {
  if (error.getName() != bus::kNoSuchService) return "";
  const std::vector<ServiceReport> all = services();
  std::vector<std::string_view> names(all.size());
  std::ranges::transform(all, names.begin(), &ServiceReport::name);
  const std::string_view meant = text::nearest(name, names);
  if (meant.empty() || meant == name) return "";
  return "; did you mean " + std::string(meant) + "?";
}

Client::Client(const Settings& settings)
    : bus_(settings.bus == Settings::Bus::system ? "system" : "session") {
  auto connection = connect(settings.bus, bus_);
  // An hlbd that was stopped on purpose isn't started by who looks at it, as any call would do.
  if (!ask([&connection] { return ask_for_owner<bool>(*connection, "NameHasOwner"); }))
    throw not_answered({"org.freedesktop.DBus.Error.NameHasNoOwner", "", bus_}, false);
  link_ = ask([&connection] { return std::make_unique<Link>(std::move(connection)); });
}

Client::~Client() = default;

DaemonReport Client::daemon() {
  return ask([this] {
    const Properties all = link_->properties();
    DaemonReport report;
    report.version = property<std::string>(all, "Version");
    report.config_file = property<std::string>(all, "ConfigFile");
    report.started = wall_time(property<std::uint64_t>(all, "StartedAt"));
    report.overview = {
        property<std::uint32_t>(all, "Services"), property<std::uint32_t>(all, "ServicesDown"),
        property<std::uint32_t>(all, "Backends"), property<std::uint32_t>(all, "BackendsUp")};
    report.degraded = property<std::vector<std::string>>(all, "Degraded");
    return report;
  });
}

std::vector<ServiceReport> Client::services() {
  return ask([this] { return bus::ServiceRow::reports_of(link_->ListServices()); });
}

std::map<std::string, std::string> Client::serving() {
  return ask([this] {
    std::map<std::string, std::string> serving;
    try {
      for (ServiceReport& each : bus::ServingRow::reports_of(link_->ListServing()))
        serving.emplace(std::move(each.name), std::move(each.serving));
    } catch (const sdbus::Error& error) {
      if (!is_unknown(error)) throw;
    }
    return serving;
  });
}

std::vector<BackendReport> Client::backends(const std::string& service) {
  return ask(
      [this, &service] { return bus::BackendRow::reports_of(link_->ListBackends(service)); });
}

std::optional<std::vector<BackendReport>> Client::left_out(const std::string& service) {
  return ask([&]() -> std::optional<std::vector<BackendReport>> {
    try {
      return bus::LeftOutRow::reports_of(link_->ListLeftOut(service));
    } catch (const sdbus::Error& error) {
      if (!is_unknown(error)) throw;
      return std::nullopt;
    }
  });
}

void Client::complete(BackendReport& backend) {
  ask([this, &backend] {
    const Properties all = link_->GetBackend(backend.service, backend.address);
    backend.override =
        bus::OverrideRow::report_of(property<bus::OverrideRow::Struct>(all, "Override"));
    if (property<bool>(all, "OverrideOfFleet"))
      backend.override.of_fleet = property<std::string>(all, "OverrideBy");
    backend.suspect = property<bool>(all, "Suspect");
    backend.held_back = property<bool>(all, "HeldBack");
  });
}

std::string Client::find_service(const std::string& name) {
  try {
    return link_->FindService(in_ascii(name));
  } catch (const sdbus::Error& error) {
    const Failure failure = not_answered(describe(error, bus_), false);
    throw Failure(failure.code, failure.what() + meant_by(name, error));
  }
}

FleetReport Client::fleet() {
  return ask([this] {
    try {
      return bus::fleet_report_of(link_->GetFleet());
    } catch (const sdbus::Error& error) {
      if (!is_unknown(error)) throw;
      return FleetReport();
    }
  });
}

std::vector<Event> Client::events(std::uint32_t most) {
  return ask([this, most] {
    std::vector<Event> events;
    try {
      for (const bus::NamedValues& each : link_->GetEvents(most))
        events.push_back(bus::event_of(each));
      return events;
    } catch (const sdbus::Error& error) {
      if (!is_unknown(error)) throw;
      return bus::EventRow::reports_of(link_->ListEvents(most));
    }
  });
}

std::vector<std::string> Client::resolve(const std::string& name) {
  return ask([this, &name] {
    auto [canonical_name, addresses] = link_->Resolve(name, AF_UNSPEC);
    return std::move(addresses);
  });
}

std::optional<std::string> Client::service_of(const std::string& name) {
  return ask([this, &name]() -> std::optional<std::string> {
    try {
      return link_->FindService(in_ascii(name));
    } catch (const sdbus::Error& error) {
      if (error.getName() != bus::kNoSuchService && !is_unknown(error)) throw;
      return std::nullopt;
    }
  });
}

std::vector<AliasReport> Client::aliases() {
  return ask([this] {
    try {
      return bus::AliasRow::reports_of(link_->ListAliases());
    } catch (const sdbus::Error& error) {
      if (!is_unknown(error)) throw;
      return std::vector<AliasReport>();
    }
  });
}

std::vector<OverridePreview> Client::preview(const std::string& targets, const std::string& kind) {
  return ask([&] { return bus::PreviewRow::reports_of(link_->PreviewOverride(targets, kind)); });
}

std::uint32_t Client::set_override(const std::string& targets, const std::string& kind,
                                   std::chrono::microseconds duration, const std::string& reason) {
  const auto microseconds = static_cast<std::uint64_t>(duration.count());
  return change([&] { return link_->SetOverride(targets, kind, microseconds, reason); });
}

std::uint32_t Client::clear_override(const std::string& targets) {
  return change([&] { return link_->ClearOverride(targets); });
}

std::uint32_t Client::fail_back(const std::string& service) {
  return change([&] { return link_->Failback(service); });
}

std::uint32_t Client::close_connections(const std::string& targets,
                                        std::chrono::microseconds idle) {
  const auto microseconds = static_cast<std::uint64_t>(idle.count());
  return change([&] { return link_->CloseConnections(targets, microseconds); });
}

tl::expected<std::vector<ConnectionReport>, Failure> Client::connections(
    const std::string& service) {
  try {
    return bus::ConnectionRow::reports_of(link_->ListConnections(service));
  } catch (const sdbus::Error& error) {
    return tl::unexpected(not_answered(describe(error, bus_), false));
  }
}

std::vector<ServicePreview> Client::preview_reload() {
  return change([this] { return bus::ServicePreviewRow::reports_of(link_->PreviewReload()); });
}

void Client::reload() {
  change([this] { link_->Reload(); });
}

void Client::listen(EventListener listener) {
  ask([this, &listener] { link_->listen(std::move(listener)); });
}

Wanted Client::wanted() const {
  const auto wanted = link_->connection().getEventLoopPollData();
  return {wanted.fd, wanted.events, wanted.getPollTimeout()};
}

void Client::process() {
  ask([this] {
    while (bus::process(link_->connection())) {
    }
  });
}

}  // namespace hlb::ctl
