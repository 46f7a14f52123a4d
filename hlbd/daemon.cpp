#include "daemon.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <random>
#include <span>
#include <system_error>
#include <utility>
#include <variant>

#include "libnss_hlb/bus.h"
#include "system/deliver.h"
#include "system/host.h"
#include "system/log.h"
#include "system/moment.h"
#include "text/wording.h"

namespace hlb {
namespace {

constexpr std::size_t kMostJobs = 16;  // queued for the disk: each user waits for its own job

// The most probes under way at a time. Each takes a descriptor, of which most are left for lookups
// and for connections that checks keep, and up to 50 KiB of memory during a TLS handshake.
int probes_at_a_time() {
  constexpr rlim_t kMost = 4096;
  constexpr rlim_t kLeast = 16;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(std::clamp(limit.rlim_cur / 4, kLeast, kMost));
}

// Tells of a helper that hlbd starts itself: only root has another user to run it as.
void say_whose_programs_are() {
  if (geteuid() == 0) return;
  spdlog::info("programs of checks and of on_change run as hlbd's own user, and can do all it can");
}

}  // namespace

Daemon::Daemon(Options options, Config config)
    : options_(std::move(options)),
      started_(moment_now().wall),
      runtime_folder_(options_.runtime_dir),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      disk_(kMostJobs, deliver_to(io_.get_executor())),
      clock_(io_.get_executor()),
      prober_(
          io_.get_executor(), [this](const probes::FileChange& change) { file_changed(change); },
          {.socket = options_.programs_socket,
           .on_trouble = [this](const std::string& trouble) { programs_troubled(trouble); },
           .on_own = say_whose_programs_are},
          [this](const probes::Target& target) {
            const Endpoint place = target.place();
            monitor_.hint({&place, 1});
          }),
      names_(
          io_.get_executor(),
          [this](Services services) {
            apply({.now = std::move(services)});
            publisher_.publish_soon();
          },
          [this](const Notice& notice) { tell(notice); },
          [this](std::string_view service, const Address& backend) {
            return monitor_.state_of(service, backend) == State::up;
          }),
      monitor_(
          io_.get_executor(), clock_,
          [this](const probes::Target& target) { return prober_.make(target); },
          {.identity = host_identity(),
           .seed = std::random_device{}(),
           .limits = {.probes = probes_at_a_time()}},
          *this),
      publisher_(
          io_.get_executor(), options_.runtime_dir, monitor_,
          [this](std::span<const Refreshed> services) { on_published(services); },
          trouble_of("table", spdlog::level::err)),
      hints_(io_.get_executor(), clock_, monitor_),
      override_control_(options_.state_dir, disk_, monitor_, clock_,
                        std::bind_front(&Publisher::publish, &publisher_), trouble_of("overrides")),
      failback_control_(io_.get_executor(), options_.state_dir, disk_, monitor_,
                        std::bind_front(&Publisher::publish, &publisher_), trouble_of("failback")),
      operator_side_(
          io_, {HLB_VERSION, options_.config.string(), started_}, monitor_, publisher_, clock_,
          [this] { return prober_.program_runner(); }, [this] { return fleet_report(); }),
      closer_(
          io_.get_executor(), clock_, monitor_, options_.connections_socket,
          [this](const connections::Closing& closing) { operator_side_.closed(closing); },
          trouble_of("connections")),
      closing_control_(
          io_.get_executor(), monitor_, closer_,
          [this](const connections::Closing& closing) { operator_side_.closed(closing); }),
      state_file_(
          io_.get_executor(), disk_, options_.state_dir,
          [this](StateEncoder& encoder, std::size_t first) {
            return save_states(monitor_, clock_, encoder, first);
          },
          trouble_of("states")),
      routes_(io_, [this](bool ways) { routes_changed(ways); }),
      reloader_(
          options_.config, deliver_to(io_.get_executor()), [this] { return monitor_.list(); },
          [this] {
            return names_.configured()->all().empty() ? monitor_.list() : names_.configured();
          },
          [this](const Reloader::Configuration& whole, ServiceChange& part) {
            return put_part_in_force(whole, part);
          },
          [this](Reloader::Configuration configuration, std::function<void()> done) {
            put_in_force(std::move(configuration), std::move(done));
          },
          [this](const std::string& trouble) { configuration_read(trouble); }) {
  configure(config);
  start_publishing(config);
}

void Daemon::configure(const Config& config) {
  set_log_level(config.log_level);
  for (const std::string& warning : config.warnings)
    spdlog::warn("{}", warning);
  publisher_.set_max_stale(config.max_stale);
  operator_side_.configure(config);
  hints_.watch_connections(config.watch_connections);
}

void Daemon::backend_changed(const BackendChange& change) {
  state_file_.changed();
  if (change.now == State::down) names_.went_down(change.service.name);
  operator_side_.changed(change);
  closer_.changed(change);
}

void Daemon::override_changed(const OverrideChange& change) {
  if (change.cause == OverrideChange::Cause::by_time) override_control_.save();
  operator_side_.changed(change);
}

// Returns a function that shows operators the trouble of this part of hlbd, and its end.
std::function<void(const std::string& trouble)> Daemon::trouble_of(
    const char* part, spdlog::level::level_enum level) {
  return [=, this](const std::string& trouble) {
    operator_side_.troubles().set(part, trouble, level);
  };
}

void Daemon::tell(const Notice& notice) {
  log(notice);
  tell_unresolved();
}

void Daemon::tell_unresolved() {
  const std::vector<std::string> names = names_.unresolved();
  operator_side_.troubles().show(
      "DNS", names.empty() ? "" : fmt::format("can't look up {}", fmt::join(names, ", ")));
}

void Daemon::start_publishing(Config& config) {
  inheritance_.emplace(options_.runtime_dir, options_.state_dir, clock_);
  override_control_.restore();
  failback_control_.restore();
  fleet::Merged all = follow_fleet(config, std::move(config.services), true);
  override_for_fleet(all.overrides, true);
  apply({.now = names_.follow(std::move(all.services.now))});
  register_backends(config);
  // The socket comes before the table, which may have programs ask at once.
  peer_socket_.emplace(io_.get_executor(), options_.runtime_dir, [this](const Name& name) {
    const record::View record = publisher_.table().find(name);
    operator_side_.telemetry().looked_up(record);
    return record;
  });
  publisher_.publish();
}

void Daemon::apply(ServiceChange change) {
  const auto inherit = [&](const ServiceSpec& service, const BackendSpec& backend) {
    return inheritance_ ? inheritance_->of(service, backend) : Monitor::Inherited{};
  };
  if (!monitor_.apply(std::move(change), inherit)) return;
  publisher_.configured();
  operator_side_.configured();
  hints_.backends_changed();
  failback_control_.configured();
  closer_.configured();
}

void Daemon::file_changed(const probes::FileChange& change) {
  for (const probes::FileFault& fault : change.faults)
    spdlog::warn("{}", fault.to_string(change.path));
  monitor_.probe_now([&change](const probes::Target& target) {
    const auto* file = std::get_if<FileCheck>(&target.spec->method);
    return file != nullptr && file->path == change.path &&
           std::ranges::binary_search(change.addresses, target.address);
  });
}

void Daemon::programs_troubled(const std::string& trouble) {
  operator_side_.troubles().set("programs", trouble.empty() ? "" : "can't be run: " + trouble);
}

void Daemon::join_bus() {
  if (options_.bus == Options::Bus::none) return;
  const auto kind =
      options_.bus == Options::Bus::system ? bus::BusKind::system : bus::BusKind::session;
  operator_side_.join_bus(
      kind, {.set_override =
                 [this](bus::OverrideRequest request, bus::Control::ChangeReply reply) {
                   override_control_.set(std::move(request), std::move(reply));
                 },
             .clear_override =
                 [this](bus::ClearRequest request, bus::Control::ChangeReply reply) {
                   override_control_.clear(std::move(request), std::move(reply));
                 },
             .fail_back =
                 [this](bus::FailbackRequest request, bus::Control::ChangeReply reply) {
                   failback_control_.fail_back(std::move(request), std::move(reply));
                 },
             .reload = [this](Reloader::Reply reply) { reload(std::move(reply)); },
             .preview_reload =
                 [this](Reloader::PreviewReply reply) { reloader_.preview(std::move(reply)); },
             .close_connections =
                 [this](bus::ClosingRequest request, bus::Control::ChangeReply reply) {
                   closing_control_.close(std::move(request), std::move(reply));
                 },
             .count_connections = {}});
}

void Daemon::watch_routes() {
  if (const std::error_code error = routes_.start()) {
    operator_side_.troubles().set(
        "routes",
        fmt::format("can't be watched ({}): balance may suffer when they change", error.message()));
  }
}

// Has the balance follow, as glibc's sort depends on routes; `ways`: a backend may be reached, or
// not, from now on.
void Daemon::routes_changed(bool ways) {
  publisher_.forget_sort_scores();
  hints_.addresses_changed();
  if (ways) hints_.network_changed();
}

void Daemon::on_published(std::span<const Refreshed> services) {
  if (peer_socket_) peer_socket_->answers_changed();
  operator_side_.published(services);
  failback_control_.published(services);
  closer_.published(services);
  if (!publisher_.in_force()) return;
  for (const auto& wait : std::exchange(awaiting_force_, {}))
    wait();
  if (!ready_) become_ready();
}

void Daemon::reload(Reloader::Reply reply) {
  notifier_.reloading();
  reloader_.request([this, reply = std::move(reply)](const bus::Reloaded& reloaded) {
    tell_ready();
    reply(reloaded);
  });
}

void Daemon::configuration_read(const std::string& trouble) {
  operator_side_.telemetry().counted().loaded_configuration(trouble.empty());
  operator_side_.troubles().show("configuration", trouble);
}

void Daemon::put_in_force(Reloader::Configuration configuration, std::function<void()> done) {
  configure(configuration.settings);
  ServiceChange& services = configuration.services;
  if (fleet_ || configuration.settings.fleet) {
    const auto own = services.now->all();
    fleet::Merged all = follow_fleet(configuration.settings, {own.begin(), own.end()}, false);
    override_for_fleet(all.overrides, false);
    services = std::move(all.services);
    register_backends(configuration.settings);
  }
  put_in_force(std::move(services), discovery::NameWatch::Ask::all);
  // A program that is told that the reload is over may look up at once.
  when_in_force([this, done = std::move(done)] {
    spdlog::info("reloaded: {}", status());
    done();
  });
}

// Only where nothing but the files has a say in the services.
bool Daemon::put_part_in_force(const Reloader::Configuration& whole, ServiceChange& part) {
  const bool by_names =
      names_.configured()->sums().with_names + whole.services.now->sums().with_names > 0;
  if (by_names || fleet_ || whole.settings.fleet) return false;
  apply(std::move(part));
  publisher_.publish_soon();
  return true;
}

void Daemon::put_in_force(ServiceChange services, discovery::NameWatch::Ask ask) {
  Services followed = names_.follow(services.now, ask);
  const bool compared = followed == services.now;
  apply(compared ? std::move(services) : ServiceChange{.now = std::move(followed)});
  tell_unresolved();
  publisher_.publish();
  state_file_.changed();
}

void Daemon::when_in_force(std::function<void()> then) {
  if (publisher_.in_force()) return then();
  awaiting_force_.push_back(std::move(then));
}

std::string Daemon::status() const {
  const std::size_t services = monitor_.services().size();
  return fmt::format("{} of {} {} a healthy backend", monitor_.totals().services_healthy,
                     text::counted(services, "service"), services == 1 ? "has" : "have");
}

}  // namespace hlb
