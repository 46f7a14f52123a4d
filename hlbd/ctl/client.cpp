#include "ctl/client.h"

#include <org.hlb1.proxy.h>
#include <sdbus-c++/sdbus-c++.h>
#include <sys/socket.h>

#include <algorithm>
#include <concepts>
#include <map>
#include <utility>

#include "ctl/bus_failure.h"
#include "ctl/within.h"
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

// The limit of calls that somebody may have to be asked a password for.
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

BusError describe(const sdbus::Error& error, const std::string& bus) {
  return {error.getName(), error.getMessage(), bus};
}

std::unique_ptr<sdbus::IConnection> open(Settings::Bus bus) {
  return bus == Settings::Bus::system ? sdbus::createSystemBusConnection()
                                      : sdbus::createSessionBusConnection();
}

// sdbus-c++ can only connect by blocking, for 90 s where a bus takes connections but doesn't
// answer.
std::unique_ptr<sdbus::IConnection> connect(Settings::Bus bus, const std::string& name) {
  try {
    auto connection = within(kAnswerLimit, [bus] { return open(bus); });
    if (!connection) throw silent_bus(name);
    (*connection)->setMethodCallTimeout(kAnswerLimit);
    return std::move(*connection);
  } catch (const sdbus::Error& error) {
    throw no_bus(describe(error, name));
  }
}

// A target, or a name, as hlbd knows it: of an IDN, its ASCII form.
std::string in_ascii(const std::string& target) {
  const std::size_t slash = std::min(target.find('/'), target.size());
  const auto service = text::idn_to_ascii(target.substr(0, slash));
  return service ? *service + target.substr(slash) : target;
}

using Properties = std::map<std::string, sdbus::Variant>;

// The property; Value() when it is missing, as it may be of an older hlbd.
template <typename Value>
Value property(const Properties& properties, const char* name) {
  const auto found = properties.find(name);
  return found == properties.end() ? Value() : found->second.get<Value>();
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

  void tell(const Event& event) const {
    if (listener_.on_event) listener_.on_event(event);
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
auto Client::change(const std::string& target, Call call) {
  ask([this] { return link_->Version(); });
  try {
    link_->connection().setMethodCallTimeout(kChangeLimit);
    return call();
  } catch (const sdbus::Error& error) {
    const Failure failure = not_answered(describe(error, bus_), true);
    throw Failure(failure.code, failure.what() + meant_by(target, error));
  }
}

std::string Client::meant_by(const std::string& target, const sdbus::Error& error) {
  if (error.getName() != bus::kNoSuchService && error.getName() != bus::kNoSuchBackend) return "";
  const std::size_t slash = std::min(target.find('/'), target.size());
  const std::string typed = target.substr(0, slash);
  const std::vector<ServiceReport> all = services();
  std::vector<std::string_view> names(all.size());
  std::ranges::transform(all, names.begin(), &ServiceReport::name);
  const std::string_view meant = text::nearest(typed, names);
  if (meant.empty() || meant == typed) return "";
  return "; did you mean " + std::string(meant) + target.substr(slash) + "?";
}

Client::Client(const Settings& settings)
    : bus_(settings.bus == Settings::Bus::system ? "system" : "session") {
  auto connection = connect(settings.bus, bus_);
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
      if (error.getName() != "org.freedesktop.DBus.Error.UnknownMethod") throw;
    }
    return serving;
  });
}

std::vector<BackendReport> Client::backends(const std::string& service) {
  return ask(
      [this, &service] { return bus::BackendRow::reports_of(link_->ListBackends(service)); });
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
      if (error.getName() != "org.freedesktop.DBus.Error.UnknownMethod") throw;
      return FleetReport();
    }
  });
}

std::vector<Event> Client::events(std::uint32_t most) {
  return ask([this, most] { return bus::EventRow::reports_of(link_->ListEvents(most)); });
}

std::vector<std::string> Client::resolve(const std::string& name) {
  return ask([this, &name] {
    auto [canonical_name, addresses] = link_->Resolve(name, AF_UNSPEC);
    return std::move(addresses);
  });
}

std::uint32_t Client::set_override(const std::string& target, const std::string& kind,
                                   std::chrono::microseconds duration, const std::string& reason) {
  const auto microseconds = static_cast<std::uint64_t>(duration.count());
  return change(target,
                [&] { return link_->SetOverride(in_ascii(target), kind, microseconds, reason); });
}

std::uint32_t Client::clear_override(const std::string& target) {
  return change(target, [&] { return link_->ClearOverride(in_ascii(target)); });
}

std::uint32_t Client::fail_back(const std::string& service) {
  return change(service, [&] { return link_->Failback(in_ascii(service)); });
}

std::uint32_t Client::close_connections(const std::string& target, std::chrono::microseconds idle) {
  const auto microseconds = static_cast<std::uint64_t>(idle.count());
  return change(target, [&] { return link_->CloseConnections(in_ascii(target), microseconds); });
}

tl::expected<std::vector<ConnectionReport>, Failure> Client::connections(
    const std::string& service) {
  try {
    return bus::ConnectionRow::reports_of(link_->ListConnections(service));
  } catch (const sdbus::Error& error) {
    return tl::unexpected(not_answered(describe(error, bus_), false));
  }
}

void Client::reload() {
  change("", [this] { link_->Reload(); });
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
