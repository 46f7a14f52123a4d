// hlbd: owns the rooms that data flows through, and wires them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <optional>

#include "config/config.h"
#include "discovery/name_watch.h"
#include "monitor.h"
#include "options.h"
#include "probes/listeners.h"
#include "publish/file_descriptor.h"
#include "publish/peer_socket.h"
#include "publish/predecessor.h"
#include "publish/routes.h"
#include "publish/system_bus.h"
#include "publisher.h"

namespace hlb {

class Daemon {
 public:
  // Takes the runtime folder over. Throws std::exception when it can't: another hlbd holds it, or
  // it can't be written to.
  Daemon(Options options, Config config);

  // Serves until SIGTERM or SIGINT.
  void run();

 private:
  void start_publishing(std::vector<ServiceSpec> services);
  void apply(std::vector<ServiceSpec> services);
  void join_bus();
  void watch_routes();
  void watch_listeners();
  void on_published();
  void reload();
  void await_signal();
  boost::asio::awaitable<void> renew_lease();
  std::string status() const;

  Options options_;
  publish::FileDescriptor runtime_folder_;  // locked
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  std::optional<publish::Predecessor> predecessor_;  // until ready
  discovery::NameWatch names_;
  Monitor monitor_;
  Publisher publisher_;
  publish::RouteWatch routes_;
  std::optional<publish::PeerSocket> peer_socket_;
  std::optional<publish::SystemBus> bus_;
  probes::ListenerWatch listeners_;
  bool can_watch_listeners_ = true;
  bool ready_ = false;
};

}  // namespace hlb
