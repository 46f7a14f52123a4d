#include "helpers/link.h"

#include <boost/system/error_code.hpp>
#include <system_error>
#include <utility>

namespace hlb::helpers {

using boost::asio::posix::descriptor_base;
using boost::system::error_code;

HelperLink::HelperLink(const boost::asio::any_io_executor& executor, FileDescriptor socket,
                       Events events)
    : socket_(executor), events_(std::move(events)) {
  socket_.assign(socket.get());
  socket.release();
}

tl::expected<std::shared_ptr<HelperLink>, std::string> HelperLink::over(
    const boost::asio::any_io_executor& executor, FileDescriptor socket, Events events,
    const char* helper) {
  try {
    return std::make_shared<HelperLink>(executor, std::move(socket), std::move(events));
  } catch (const std::system_error& error) {
    return tl::unexpected(std::string("can't watch ") + helper + ": " + error.what());
  }
}

bool HelperLink::send(Bytes message) {
  if (unsent_.size() >= kMaxUnsent) return false;
  unsent_.push_back(std::move(message));
  return writing_ || flush();
}

bool HelperLink::flush() {
  while (!unsent_.empty()) {
    const Sent sent = helpers::send(socket_.native_handle(), unsent_.front());
    if (sent == Sent::never) return false;
    if (sent == Sent::later) break;
    unsent_.pop_front();
  }
  if (unsent_.empty()) return true;
  writing_ = true;
  socket_.async_wait(descriptor_base::wait_write, [self = shared_from_this()](const error_code&) {
    self->writing_ = false;
    if (self->socket_.is_open() && !self->flush()) self->events_.end();
  });
  return true;
}

void HelperLink::listen(bool wanted) {
  wanted_ = wanted;
  if (wanted && !reading_) return await_replies();
  error_code ignored;
  if (!wanted && reading_) socket_.cancel(ignored);
}

void HelperLink::await_replies() {
  reading_ = true;
  socket_.async_wait(descriptor_base::wait_read, [self = shared_from_this()](const error_code&) {
    self->reading_ = false;
    if (self->socket_.is_open() && self->wanted_) self->read_replies();
  });
}

void HelperLink::read_replies() {
  for (int left = kRepliesPerTurn; left > 0 && wanted_ && socket_.is_open(); --left) {
    PacketSpace space;  // NOLINT(*-member-init): as many are set as arrive
    const auto packet = receive(socket_.native_handle(), space);
    if (!packet && packet.error() == NoPacket::yet) break;
    if (!packet || !events_.packet(*packet)) return events_.end();
  }
  if (socket_.is_open() && wanted_ && !reading_) await_replies();
}

void HelperLink::close() {
  error_code ignored;
  socket_.close(ignored);
  unsent_.clear();
}

}  // namespace hlb::helpers
