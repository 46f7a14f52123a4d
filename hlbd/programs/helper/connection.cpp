#include "programs/helper/connection.h"

namespace hlb::programs {

using helpers::Sent;

void DaemonConnection::send_more() {
  while (!over_ && !unsent_.empty()) {
    const Sent sent = helpers::send(socket_.get(), unsent_.front());
    if (sent == Sent::later) return;
    over_ = sent == Sent::never;
    unsent_.pop_front();
  }
}

void DaemonConnection::send(const RunReply& reply) {
  if (auto bytes = encode(reply)) unsent_.push_back(std::move(*bytes));
  send_more();
}

std::optional<Message> DaemonConnection::next() {
  if (over_ || has_unsent()) return std::nullopt;
  auto arrived = receive(socket_.get());
  if (arrived) return *std::move(arrived);
  over_ = arrived.error() == helpers::NoPacket::ever;
  return std::nullopt;
}

}  // namespace hlb::programs
