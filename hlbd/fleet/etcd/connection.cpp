#include "fleet/etcd/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <utility>

#include "text/ascii.h"
#include "text/duration.h"
#include "text/printable.h"

namespace hlb::fleet::etcd {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Kind = EngineFault::Kind;

constexpr std::size_t kReceived = 65536;  // taken in at a time, between other work of the loop

Kind kind_of(const rpc::RpcEnd& end) {
  using rpc::Status;
  if (!end.status) return Kind::unavailable;
  const auto says = [&end](std::string_view what) {
    return end.words.find(what) != std::string::npos;
  };
  switch (*end.status) {
    case Status::permission_denied:
    case Status::unauthenticated:
      return Kind::refused;
    case Status::out_of_range:
      return says("compacted") ? Kind::compacted : Kind::unavailable;
    case Status::invalid_argument:
    case Status::failed_precondition:  // a user whom the certificate names, and etcd doesn't know
      return says("user name is empty") || says("user not found") ? Kind::refused
                                                                  : Kind::unavailable;
    default:
      return Kind::unavailable;
  }
}

}  // namespace

std::string words_of(const error_code& error) {
  std::string words = error.message();
  if (!words.empty()) words.front() = text::lower_case(words.front());
  return words;
}

// A call under way; one whose coroutine goes is dropped.
struct EtcdConnection::Calling final : rpc::RpcCall {
  explicit Calling(EtcdConnection& its_connection)
      : connection(its_connection), ended(its_connection.loop_) {}
  ~Calling() { connection.drop(stream); }

  void take(std::string_view message) override {
    if (!reply) reply = message;
  }
  void end(rpc::RpcEnd its_end) override {
    how = std::move(its_end);
    ended.ring();
  }

  EtcdConnection& connection;
  Bell ended;
  rpc::RpcSession::StreamId stream = 0;
  std::optional<std::string> reply;
  std::optional<rpc::RpcEnd> how;
};

EtcdConnection::EtcdConnection(Socket socket, const MemberEndpoint& member,
                               const tls::TlsSettings& tls, std::chrono::milliseconds answer)
    : loop_(socket.get_executor()),
      name_(member.name()),
      answer_(answer),
      socket_(std::move(socket)),
      session_(name_, member.tls),
      opened_(loop_),
      to_write_(loop_),
      scope_(std::in_place) {
  if (tls != nullptr) tls_.emplace(tls, member.host, "h2");
}

asio::awaitable<std::optional<EngineFault>> EtcdConnection::open(std::chrono::milliseconds limit) {
  scope_->spawn(loop_, read());
  scope_->spawn(loop_, write());
  // g++ 12 lays the frame out in two ways where the condition itself awaits.
  const bool spoke = co_await opened_.wait(limit);
  if (!spoke) fail(Kind::unavailable, "no answer in " + text::to_string(limit));
  co_return fault_;
}

// ---- calls -------------------------------------------------------------------------------------

asio::awaitable<EtcdConnection::Reply> EtcdConnection::call(std::shared_ptr<EtcdConnection> self,
                                                            std::string path, std::string message) {
  Calling calling(*self);
  calling.stream = self->begin(std::move(path), std::move(message), false, calling);
  const bool answered = co_await calling.ended.wait(self->answer_);
  if (!answered) {
    co_return tl::make_unexpected(
        rpc::RpcEnd{.words = "no answer in " + text::to_string(self->answer_)});
  }
  if (calling.how->status != rpc::Status::ok) co_return tl::make_unexpected(*calling.how);
  if (!calling.reply) co_return tl::make_unexpected(rpc::RpcEnd{.words = "the reply is empty"});
  co_return *std::move(calling.reply);
}

rpc::RpcSession::StreamId EtcdConnection::start(std::string path, std::string message,
                                                rpc::RpcCall& call) {
  return begin(std::move(path), std::move(message), true, call);
}

// A member that has lost its leader says so at once, rather than to let us wait.
rpc::RpcSession::StreamId EtcdConnection::begin(std::string path, std::string message, bool more,
                                                rpc::RpcCall& call) {
  const auto stream = session_.start({.path = std::move(path),
                                      .message = std::move(message),
                                      .more = more,
                                      .metadata = {{"hasleader", "true"}}},
                                     call);
  to_write_.ring();
  return stream;
}

void EtcdConnection::send(rpc::RpcSession::StreamId stream, std::string_view message) {
  session_.send(stream, message);
  to_write_.ring();
}

void EtcdConnection::drop(rpc::RpcSession::StreamId stream) {
  session_.drop(stream);
  to_write_.ring();
}

// ---- bytes in and out --------------------------------------------------------------------------

asio::awaitable<void> EtcdConnection::read() {
  std::string space(kReceived, '\0');
  while (!fault_) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(space), kAsTuple);
    if (error == asio::error::eof) {
      fail(Kind::unavailable, "the member has closed the connection");
    } else if (error) {
      fail(Kind::unavailable, words_of(error));
    } else {
      take(std::string_view(space).substr(0, count));
    }
  }
}

void EtcdConnection::take(std::string_view received) {
  if (tls_) {
    plain_.clear();
    tls_->take(received, plain_);
    session_.take(plain_);
  } else {
    session_.take(received);
  }
  to_write_.ring();
  if (tls_ && tls_->fault()) {
    const tls::TlsFault& why = *tls_->fault();
    return fail(why.certificate ? Kind::refused : Kind::unavailable, why.words);
  }
  if (tls_ && tls_->closed()) return fail(Kind::unavailable, "the member has ended TLS");
  if (!session_.fault().empty()) return fail(Kind::unavailable, session_.fault());
  if (session_.is_open()) opened_.ring();
}

asio::awaitable<void> EtcdConnection::write() {
  for (;;) {
    const std::string output = next_output();
    if (output.empty() && fault_) co_return;
    if (output.empty()) co_await to_write_.wait();
    for (std::size_t sent = 0; sent < output.size();) {
      const auto rest = asio::buffer(output) + sent;
      const auto [error, count] = co_await socket_.async_write_some(rest, kAsTuple);
      // What the member has said before it left is still read.
      if (error) co_return;
      sent += count;
    }
  }
}

std::string EtcdConnection::next_output() {
  std::string output = session_.output();
  if (!session_.fault().empty()) fail(Kind::unavailable, session_.fault());
  if (!tls_) return output;
  if (!output.empty()) tls_->give(output);
  return tls_->output();
}

// ---- the end -----------------------------------------------------------------------------------

void EtcdConnection::fail(Kind kind, std::string_view why) {
  if (fault_) return;
  fault_ = fault_of(kind, why);
  session_.close(std::string(why));
  opened_.ring();
  to_write_.ring();
  error_code ignored;
  socket_.close(ignored);
}

void EtcdConnection::close() {
  fail(Kind::unavailable, "closed");
  scope_.reset();
}

EngineFault EtcdConnection::fault_of(Kind kind, std::string_view why) const {
  return {.kind = kind, .message = text::printable(name_ + ": " + std::string(why), kMaxWords)};
}

EngineFault EtcdConnection::fault_of(const rpc::RpcEnd& end) const {
  if (!end.status && fault_) return *fault_;
  constexpr std::string_view kWhose = "etcdserver: ";
  std::string_view words = end.words;
  if (words.starts_with(kWhose)) words.remove_prefix(kWhose.size());
  return fault_of(kind_of(end), words);
}

}  // namespace hlb::fleet::etcd
