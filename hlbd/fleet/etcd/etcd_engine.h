// A member of etcd as an engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fleet/engine.h"
#include "fleet/etcd/connection.h"

namespace hlb::fleet::etcd {

class EtcdEngine final : public Engine {
 public:
  // `connection` is open.
  explicit EtcdEngine(std::shared_ptr<EtcdConnection> connection)
      : connection_(std::move(connection)) {}
  ~EtcdEngine() override;

  Async<Listing> list(std::string prefix) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override;
  Async<Committed> transact(Transaction transaction) override;
  Async<Lease> grant(std::chrono::seconds time) override;
  Async<Lease> keep_alive(std::int64_t lease) override;
  Async<std::vector<Member>> members() override;
  Async<bool> keeps(std::string key, Revision revision) override;
  void close() override;

 private:
  std::shared_ptr<EtcdConnection> connection_;
};

}  // namespace hlb::fleet::etcd
