// A connection to a member of etcd, and the calls over it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "fleet/engine.h"
#include "fleet/etcd/bell.h"
#include "fleet/etcd/member_endpoint.h"
#include "rpc/session.h"
#include "system/scope.h"
#include "tls/layer.h"
#include "tls/settings.h"

namespace hlb::fleet::etcd {

inline constexpr std::size_t kMaxWords = 160;  // of a fault

// The limits of each step. All but the last end before there is an engine.
struct EtcdPatience {
  std::chrono::milliseconds files{1000};
  std::chrono::milliseconds name{1000};
  std::chrono::milliseconds connect{2000};
  std::chrono::milliseconds handshake{3000};
  std::chrono::milliseconds answer{5000};
};

// "connection refused"
std::string words_of(const boost::system::error_code& error);

// Lives in a shared_ptr, which whatever waits for a call has, too: so it outlives its engine where
// that goes while somebody waits. Used by one loop alone.
class EtcdConnection {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Reply = tl::expected<std::string, rpc::RpcEnd>;

  // `socket` is connected. `tls`: nullptr for none.
  EtcdConnection(Socket socket, const MemberEndpoint& member, const tls::TlsSettings& tls,
                 std::chrono::milliseconds answer);
  EtcdConnection(const EtcdConnection&) = delete;
  EtcdConnection& operator=(const EtcdConnection&) = delete;

  // Begins to speak, and waits until the member has done so, too. nullopt: it has.
  boost::asio::awaitable<std::optional<EngineFault>> open(std::chrono::milliseconds limit);

  // A call with one request and one reply.
  static boost::asio::awaitable<Reply> call(std::shared_ptr<EtcdConnection> self, std::string path,
                                            std::string message);

  // A call that goes on; see RpcSession.
  rpc::RpcSession::StreamId start(std::string path, std::string message, rpc::RpcCall& call);
  void send(rpc::RpcSession::StreamId stream, std::string_view message);
  void drop(rpc::RpcSession::StreamId stream);

  // Ends all calls, and the connection.
  void close();

  // The fault that an end is, with the member's name.
  EngineFault fault_of(const rpc::RpcEnd& end) const;
  EngineFault fault_of(EngineFault::Kind kind, std::string_view why) const;

  const boost::asio::any_io_executor& loop() const { return loop_; }

 private:
  struct Calling;

  boost::asio::awaitable<void> read();
  boost::asio::awaitable<void> write();
  void take(std::string_view received);
  std::string next_output();
  void fail(EngineFault::Kind kind, std::string_view why);
  rpc::RpcSession::StreamId begin(std::string path, std::string message, bool more,
                                  rpc::RpcCall& call);

  boost::asio::any_io_executor loop_;
  std::string name_;  // of the member
  std::chrono::milliseconds answer_;
  Socket socket_;
  std::optional<tls::TlsLayer> tls_;
  rpc::RpcSession session_;
  std::string plain_;  // what was received, decrypted
  std::optional<EngineFault> fault_;
  Bell opened_;
  Bell to_write_;
  std::optional<Scope> scope_;  // unset: closed
};

}  // namespace hlb::fleet::etcd
