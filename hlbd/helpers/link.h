// hlbd's connection to one of its helpers.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "helpers/packets.h"
#include "system/file_descriptor.h"

namespace hlb::helpers {

// Lives in a shared_ptr, as handlers may be under way when it is closed. Used by hlbd's loop alone,
// and keeps that busy only while something is awaited or unsent.
class HelperLink : public std::enable_shared_from_this<HelperLink> {
 public:
  static constexpr std::size_t kMaxUnsent = 1024;  // messages
  static constexpr int kRepliesPerTurn = 32;

  struct Events {
    // Takes a packet; returns false if it is one that no helper sends.
    std::function<bool(std::span<const std::uint8_t>)> packet;
    std::function<void()> end;  // called once: the helper has gone, or talks as no helper does
  };

  // The link to the helper of this name; or why the loop can't watch one more descriptor.
  static tl::expected<std::shared_ptr<HelperLink>, std::string> over(
      const boost::asio::any_io_executor& executor, FileDescriptor socket, Events events,
      const char* helper);

  // Throws std::system_error when the loop can't watch one more descriptor.
  HelperLink(const boost::asio::any_io_executor& executor, FileDescriptor socket, Events events);

  // Never waits: keeps what the helper doesn't take yet. False if the helper has gone, or leaves
  // too much unread.
  bool send(Bytes message);
  // Says whether replies are awaited; none is read while they aren't.
  void listen(bool wanted);
  // Ends the connection. No event is told any more.
  void close();

 private:
  bool flush();
  void await_replies();
  void read_replies();

  boost::asio::posix::stream_descriptor socket_;
  Events events_;
  std::deque<Bytes> unsent_;
  bool wanted_ = false;
  bool reading_ = false;
  bool writing_ = false;
};

}  // namespace hlb::helpers
