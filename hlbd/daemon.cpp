#include "daemon.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <random>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "libnss_hlb/bus.h"
#include "log.h"
#include "notify.h"
#include "publish/encode.h"
#include "state/host.h"
#include "state/moment.h"

namespace hlb {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr std::chrono::milliseconds kRenewal = publish::kLease / 12;

// Two daemons on one folder would take turns at the table.
publish::FileDescriptor take_over(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  publish::FileDescriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) throw std::system_error(errno, std::generic_category(), folder.string());
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error("another hlbd serves " + folder.string());
  }
  return lock;
}

// Each probe takes a descriptor; most are left for the peer socket.
std::size_t probes_at_a_time() {
  constexpr rlim_t kMost = 1024;
  constexpr rlim_t kLeast = 16;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::clamp(limit.rlim_cur / 4, kLeast, kMost);
}

void detach(asio::io_context& io, asio::awaitable<void> task) {
  // What a task throws is a broken invariant: it ends run(), and with it hlbd.
  asio::co_spawn(io, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace

Daemon::Daemon(Options options, Config config)
    : options_(std::move(options)),
      started_(moment_now().wall),
      runtime_folder_(take_over(options_.runtime_dir)),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      clock_(io_.get_executor()),
      prober_(io_.get_executor(),
              [this](const probes::FileChange& change) { file_changed(change); }),
      names_(
          io_.get_executor(),
          [this](std::vector<ServiceSpec> services) {
            apply(std::move(services));
            publisher_.publish_soon();
            watch_listeners();
          },
          [this](const discovery::NameWatch::News& news) {
            spdlog::log(news.trouble ? spdlog::level::warn : spdlog::level::info, "{}", news.text);
            tell_unresolved();
          }),
      monitor_(
          io_.get_executor(), clock_,
          [this](const probes::Target& target) { return prober_.make(target); },
          {.identity = host_identity(),
           .seed = std::random_device{}(),
           .most_probes = probes_at_a_time()},
          *this),
      publisher_(
          io_.get_executor(), options_.runtime_dir, monitor_,
          [this](std::span<const std::size_t> services) { on_published(services); },
          [this](const std::string& trouble) { operator_side_.degraded().set("table", trouble); }),
      override_control_(options_.state_dir, monitor_, clock_,
                        [this](const std::string& trouble) {
                          operator_side_.degraded().set("overrides", trouble);
                        }),
      operator_side_(io_, monitor_, publisher_, clock_, [this] { return prober_.children(); }),
      state_file_(
          io_.get_executor(), options_.state_dir,
          [this](StateEncoder& encoder) { remember(monitor_, clock_, encoder); },
          [this](const std::string& trouble) { operator_side_.degraded().set("states", trouble); }),
      routes_(io_,
              [this] {
                publisher_.forget_sort_scores();
                publisher_.publish_soon();
                watch_listeners();
              }),
      listeners_(io_.get_executor(), [this](std::span<const probes::Listener> gone) {
        spdlog::debug("{} local listeners may have died: probing at once", gone.size());
        monitor_.probe_now([gone](const probes::Target& target) {
          return std::ranges::binary_search(gone, probes::Listener{target.address, target.port});
        });
      }) {
  configure(config);
  start_publishing(std::move(config.services));
}

void Daemon::configure(const Config& config) {
  set_log_level(config.log_level);
  publisher_.set_max_stale(config.max_stale);
  operator_side_.configure(config);
}

void Daemon::backend_changed(const BackendChange& change) {
  state_file_.changed();
  operator_side_.changed(change);
}

void Daemon::override_changed(const OverrideChange& change) {
  if (change.cause == OverrideChange::Cause::by_time) override_control_.save();
  operator_side_.changed(change);
}

void Daemon::tell_unresolved() {
  const std::vector<std::string> names = names_.unresolved();
  operator_side_.degraded().set(
      "DNS", names.empty() ? "" : fmt::format("can't look up {}", fmt::join(names, ", ")));
}

void Daemon::start_publishing(std::vector<ServiceSpec> services) {
  remembered_.emplace(options_.runtime_dir, options_.state_dir, clock_);
  override_control_.restore();
  apply(names_.follow(std::move(services)));
  // Before the table: one that has programs ask finds somebody there.
  peer_socket_.emplace(io_.get_executor(), options_.runtime_dir / bus::kPeerSocket,
                       [this](const Name& name) {
                         const record::View record = publisher_.table().find(name);
                         operator_side_.telemetry().looked_up(record);
                         return record;
                       });
  publisher_.publish();
}

void Daemon::apply(std::vector<ServiceSpec> services) {
  monitor_.apply(std::move(services), [&](const ServiceSpec& service, const BackendSpec& backend) {
    return remembered_ ? remembered_->of(service, backend) : Monitor::Known{};
  });
  publisher_.configured();
  operator_side_.configured();
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

void Daemon::run() {
  join_bus();
  watch_routes();
  watch_listeners();
  await_signal();
  detach(io_, renew_lease());
  spdlog::info("checking the backends of {} services", monitor_.services().size());
  io_.run();
  notify::stopping();
  state_file_.write_now();
  spdlog::info("stopping");
}

void Daemon::join_bus() {
  if (options_.bus == Options::Bus::none) return;
  const auto kind =
      options_.bus == Options::Bus::system ? bus::BusKind::system : bus::BusKind::session;
  operator_side_.join_bus(
      kind, {HLB_VERSION, options_.config.string(), started_},
      {.set_override =
           [this](bus::OverrideRequest request) {
             bus::Changed changed = override_control_.set(std::move(request));
             publisher_.publish();  // whoever drains a backend stops it once this returns
             return changed;
           },
       .clear_override =
           [this](std::string_view target) {
             bus::Changed changed = override_control_.clear(target);
             publisher_.publish();
             return changed;
           },
       .reload = [this] { return reload(); }});
}

void Daemon::watch_routes() {
  if (const std::error_code error = routes_.start()) {
    spdlog::warn("can't watch addresses and routes ({}): balance may suffer when they change",
                 error.message());
    operator_side_.degraded().set("routes", "can't be watched: " + error.message());
  }
}

// To be called whenever the backends, or the addresses of this host, may have changed.
void Daemon::watch_listeners() {
  const std::error_code error = listeners_.watch(monitor_.listeners());
  if (error && std::exchange(can_watch_listeners_, false)) {
    spdlog::info("can't watch local listeners ({}): a dead backend is noticed by its interval",
                 error.message());
  }
}

void Daemon::on_published(std::span<const std::size_t> services) {
  if (peer_socket_) peer_socket_->answers_changed();
  operator_side_.published(services);
  if (!ready_) become_ready();
}

void Daemon::become_ready() {
  if (!names_.first_round_over() || !monitor_.first_round_over()) return;
  ready_ = true;
  remembered_.reset();
  state_file_.changed();
  // What reading the configuration and probing all at once took is not needed again.
  malloc_trim(0);
  const std::string now = status();
  spdlog::info("ready: {}", now);
  notify::ready(now);
}

std::optional<bus::Refusal> Daemon::reload() {
  std::optional<bus::Refusal> refusal;
  notify::reloading();
  auto loaded = load_config(options_.config);
  operator_side_.telemetry().counted().loaded_configuration(std::holds_alternative<Config>(loaded));
  if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
    refusal = {bus::Refusal::Kind::invalid_config, ""};
    for (const ConfigError& error : *errors) {
      spdlog::error("{}", error.to_string());
      refusal->message += (refusal->message.empty() ? "" : "\n") + error.to_string();
    }
    spdlog::error("not reloaded: the configuration before goes on");
    operator_side_.degraded().set("configuration",
                                  errors->front().to_string() + "; the one before goes on");
  } else {
    auto& config = std::get<Config>(loaded);
    configure(config);
    apply(names_.follow(std::move(config.services)));
    tell_unresolved();
    publisher_.publish();  // whoever is told that the reload is over may look up at once
    state_file_.changed();
    watch_listeners();
    spdlog::info("reloaded: {}", status());
    operator_side_.degraded().set("configuration", "");
  }
  notify::ready(status());
  return refusal;
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code&, int signal) {
    if (signal != SIGHUP) return io_.stop();
    reload();
    await_signal();
  });
}

asio::awaitable<void> Daemon::renew_lease() {
  asio::steady_timer timer(io_);
  const auto watchdog = notify::watchdog_interval();
  auto period = std::chrono::microseconds(kRenewal);
  if (watchdog) period = std::min(period, *watchdog / 3);
  for (;;) {
    publisher_.renew_lease();
    if (watchdog) notify::alive();
    timer.expires_after(period);
    co_await timer.async_wait(kAsTuple);
    operator_side_.telemetry().counted().loop_lagged(std::chrono::steady_clock::now() -
                                                     timer.expiry());
  }
}

std::string Daemon::status() const {
  std::size_t serving = 0;
  const auto verdicts = monitor_.verdicts();
  for (const ServiceVerdict& service : verdicts) {
    serving += std::ranges::any_of(
        service.backends, [](const BackendVerdict& backend) { return backend.state == State::up; });
  }
  return fmt::format("{} of {} services have a healthy backend", serving, verdicts.size());
}

}  // namespace hlb
