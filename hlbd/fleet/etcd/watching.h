// A watch on a stream of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/engine.h"
#include "fleet/etcd/bell.h"
#include "fleet/etcd/connection.h"
#include "fleet/etcd/messages.h"
#include "rpc/session.h"

namespace hlb::fleet::etcd {

// What has come on a watch, and waits to be asked for: so much at most. Shared by the watch and who
// waits for it, as either may go first.
class WatchQueue final : public rpc::RpcCall {
 public:
  static constexpr std::size_t kMost = kMaxDecoded;

  explicit WatchQueue(std::shared_ptr<EtcdConnection> connection)
      : connection_(std::move(connection)), bell_(connection_->loop()) {}

  void take(std::string_view message) override;
  void end(rpc::RpcEnd end) override;

  // The watch goes.
  void close();

  static Async<WatchNews> next(std::shared_ptr<WatchQueue> self);

 private:
  void accept(WatchReply reply);
  void fail(EngineFault fault);

  std::shared_ptr<EtcdConnection> connection_;
  Bell bell_;
  std::deque<WatchNews> news_;
  std::size_t size_ = 0;          // of news_ and parts_
  std::vector<Change> fragment_;  // changes whose news isn't whole
  std::optional<EngineFault> fault_;
};

class EtcdWatch final : public Watch {
 public:
  EtcdWatch(std::shared_ptr<EtcdConnection> connection, const std::string& prefix, Revision from);
  ~EtcdWatch() override;

  Async<WatchNews> next() override;
  void ask_progress() override;

 private:
  std::shared_ptr<EtcdConnection> connection_;
  std::shared_ptr<WatchQueue> queue_;
  rpc::RpcSession::StreamId stream_ = 0;
};

}  // namespace hlb::fleet::etcd
