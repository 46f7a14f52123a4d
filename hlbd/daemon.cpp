#include "daemon.h"

#include <fcntl.h>
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
#include "resolve.h"
#include "state/host.h"

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
          [](const discovery::NameWatch::News& news) {
            spdlog::log(news.trouble ? spdlog::level::warn : spdlog::level::info, "{}", news.text);
          }),
      monitor_(
          io_.get_executor(), clock_,
          [this](const probes::Target& target) { return prober_.make(target); },
          {.identity = host_identity(),
           .seed = std::random_device{}(),
           .most_probes = probes_at_a_time()},
          *this),
      publisher_(io_.get_executor(), options_.runtime_dir, monitor_, [this] { on_published(); }),
      hooks_(io_.get_executor(), [this] { return prober_.children(); }),
      state_file_(io_.get_executor(), options_.state_dir,
                  [this](StateEncoder& encoder) { remember(monitor_, clock_, encoder); }),
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
  hooks_.configure({.command = config.on_change, .user = config.on_change_user});
}

void Daemon::backend_changed(const BackendChange& change) {
  hooks_.transition(change.service, change.backend, change.before, change.now, change.reason);
  state_file_.changed();
}

void Daemon::start_publishing(std::vector<ServiceSpec> services) {
  remembered_.emplace(options_.runtime_dir, options_.state_dir, clock_);
  apply(names_.follow(std::move(services)));
  publisher_.publish();
  peer_socket_.emplace(io_.get_executor(), options_.runtime_dir / bus::kPeerSocket,
                       [this](const Name& name) { return publisher_.table().find(name); });
}

void Daemon::apply(std::vector<ServiceSpec> services) {
  monitor_.apply(std::move(services), [&](const ServiceSpec& service, const BackendSpec& backend) {
    return remembered_ ? remembered_->of(service, backend) : Monitor::Known{};
  });
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
  bus_.emplace(
      io_, kind,
      [this](std::string_view name, int family) {
        return resolve(publisher_.table(), name, family);
      },
      [](const std::string& trouble) { spdlog::warn("{}; lookups go on without it", trouble); });
}

void Daemon::watch_routes() {
  if (const std::error_code error = routes_.start()) {
    spdlog::warn("can't watch addresses and routes ({}): balance may suffer when they change",
                 error.message());
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

void Daemon::on_published() {
  if (peer_socket_) peer_socket_->answers_changed();
  if (ready_ || !names_.first_round_over() || !monitor_.first_round_over()) return;
  ready_ = true;
  remembered_.reset();
  state_file_.changed();
  // What reading the configuration and probing all at once took is not needed again.
  malloc_trim(0);
  const std::string now = status();
  spdlog::info("ready: {}", now);
  notify::ready(now);
}

void Daemon::reload() {
  notify::reloading();
  auto loaded = load_config(options_.config);
  if (const auto* errors = std::get_if<ConfigErrors>(&loaded)) {
    for (const ConfigError& error : *errors)
      spdlog::error("{}", error.to_string());
    spdlog::error("not reloaded: the configuration before goes on");
  } else {
    auto& config = std::get<Config>(loaded);
    configure(config);
    apply(names_.follow(std::move(config.services)));
    publisher_.publish_soon();
    state_file_.changed();
    watch_listeners();
    spdlog::info("reloaded: {}", status());
  }
  notify::ready(status());
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
