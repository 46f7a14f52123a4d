// Receives the kernel's reports of destroyed sockets.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "network/sock_diag.h"
#include "system/scope.h"

namespace hlb::network::sock_diag {

// Used by hlbd's loop alone.
class Reports {
 public:
  virtual ~Reports() = default;
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;

  // Takes from now on the reports that pass the filter: connections die by the thousand in a
  // second, and the kernel drops what is of no use before it would fill the socket's buffer or wake
  // hlbd. The kernel makes a report for every socket that dies on the host all the same, which
  // takes it about 9 µs.
  std::error_code begin(std::span<sock_filter> filter);
  bool broken() const { return broken_; }  // the socket no longer works

 protected:
  explicit Reports(const boost::asio::any_io_executor& executor) : socket_(executor) {}

  virtual void take(std::span<const char> report) = 0;
  virtual void lose() {}  // the kernel dropped some, as too many were queued
  // Called after the reports of one turn of the loop, whose number is limited; `all`: none is left.
  virtual void end_turn(bool all) = 0;

 private:
  void await();
  bool take_turn();

  boost::asio::posix::stream_descriptor socket_;
  bool broken_ = false;
  Scope scope_;
};

// Has `current` take reports while there is anything to watch, which it is given as its `watched`.
// `make` returns a Watch that hasn't begun.
template <typename Watch, typename Watched, typename Make>
std::error_code watch(std::unique_ptr<Watch>& current, Watched watched,
                      std::span<sock_filter> filter, Make make) {
  if (current && (watched.empty() || current->broken())) current.reset();
  if (watched.empty()) return {};
  if (!current) {
    std::unique_ptr<Watch> begun = make();
    if (const std::error_code error = begun->begin(filter)) return error;
    current = std::move(begun);
  }
  current->watched = std::move(watched);
  return {};
}

}  // namespace hlb::network::sock_diag
