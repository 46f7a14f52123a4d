// Has this host's connections ended to backends that an operator names.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "connections/closer.h"
#include "engine/monitor.h"
#include "operators/bus/directory.h"
#include "system/scope.h"

namespace hlb {

// Used by hlbd's loop alone. What it is made with must outlive it. A target that means many
// backends is worked off in steps of about a millisecond.
class ClosingControl {
 public:
  using Reply = bus::Control::ChangeReply;
  using OnClosed = std::function<void(const connections::Closing& closing)>;

  static constexpr std::size_t kMostClosings = 16;  // at a time; more are refused
  // After so long without any, the ender's helper isn't needed for them.
  static constexpr std::chrono::seconds kRest{10};

  ClosingControl(boost::asio::any_io_executor executor, const Monitor& monitor,
                 connections::Closer& closer, OnClosed on_closed);

  // Replies with the number of connections that were ended. Refused if the target means no backend
  // with a port at which connections may be ended, or if this host can't end any.
  void close(bus::ClosingRequest request, Reply reply);

 private:
  struct Work;
  using Shared = std::shared_ptr<Work>;

  void go_on(const Shared& work);
  void gather(Work& work) const;
  void gather_of(Work& work, std::size_t service, std::size_t backend) const;
  void ask(const Shared& work);
  void tell(Work& work, const std::vector<std::uint32_t>& ended) const;
  void finish(const Shared& work, const bus::Changed& changed);

  boost::asio::any_io_executor executor_;
  const Monitor& monitor_;
  connections::Closer& closer_;
  OnClosed on_closed_;
  std::size_t under_way_ = 0;
  boost::asio::steady_timer rest_;
  Scope scope_;
};

}  // namespace hlb
