// The daemon's life: ready, alive, asked to reload or to end, and what is waited for then.
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <stdexcept>

#include "daemon.h"
#include "publish/encode.h"
#include "text/wording.h"

namespace hlb {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kRenewal = publish::kLease / 30;
constexpr std::chrono::seconds kLastWrites{2};

}  // namespace

void Daemon::run() {
  join_bus();
  watch_routes();
  await_signal();
  scope_.spawn(io_.get_executor(), renew_lease());
  spdlog::info("checking the backends of {}", text::counted(monitor_.services().size(), "service"));
  io_.run();
  notifier_.stopping();
  state_file_.write_now();
  if (fleet_) fleet_->save_now();
  disk_.flush(kLastWrites);
  spdlog::info("stopping");
}

void Daemon::become_ready() {
  if (fleet_ && !fleet_->first_round_over()) return;
  if (!names_.first_round_over() || !monitor_.first_round_over()) return;
  ready_ = true;
  inheritance_.reset();
  state_file_.changed();
  operator_side_.ready();
  const std::string now = status();
  spdlog::info("ready: {}", now);
  notifier_.ready(now);
  // Memory for reading the configuration and probing all at once is not needed again.
  malloc_trim(0);
}

// Tells the service manager that hlbd is ready, unless it isn't yet, or another reload was asked
// for.
void Daemon::tell_ready() {
  if (ready_ && !reloader_.requested_again()) notifier_.ready(status());
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code&, int signal) {
    if (signal != SIGHUP) return stop();
    reload([](const bus::Reloaded&) {});  // the log tells the result
    await_signal();
  });
}

void Daemon::stop() {
  constexpr std::chrono::seconds kPatience{2};
  if (stop_) return io_.stop();  // a second signal ends the waiting
  stop_ = clock_.alarm([this] { io_.stop(); });
  stop_->set(clock_.now() + kPatience);
  const auto end = [this] { publisher_.await_file([this] { io_.stop(); }); };
  await_signal();
  if (registrar_) {
    registrar_->leave(end);
  } else {
    end();
  }
}

// Renews the lease of the table for as long as the loop runs, and tells the service manager that it
// does: whatever holds the loop ends both, so that programs stop believing the table.
asio::awaitable<void> Daemon::renew_lease() {
  asio::steady_timer timer(io_);
  const auto watchdog = notifier_.watchdog_interval();
  auto period = std::chrono::microseconds(kRenewal);
  if (watchdog) period = std::min(period, *watchdog / 3);
  for (;;) {
    if (!runtime_folder_.is_ours()) {
      throw std::runtime_error(options_.runtime_dir.string() +
                               " was removed or replaced: a new start is needed");
    }
    publisher_.renew_lease();
    hints_.look_at_clocks();
    notifier_.alive();
    timer.expires_after(period);
    co_await timer.async_wait(kAsTuple);
    operator_side_.telemetry().counted().loop_lagged(std::chrono::steady_clock::now() -
                                                     timer.expiry());
  }
}

}  // namespace hlb
