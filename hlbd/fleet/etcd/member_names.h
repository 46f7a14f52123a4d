// The addresses of members of etcd.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "fleet/etcd/member_endpoint.h"
#include "system/worker.h"
#include "text/endpoint.h"

namespace hlb::fleet::etcd {

// Looks names up as any program does, anew for each connection, by a thread. A name that can't be
// looked up, or not in time, keeps the addresses that it had. Used by one loop alone.
class MemberNames {
 public:
  using Found = tl::expected<std::vector<Endpoint>, std::string>;  // or why not; never empty

  explicit MemberNames(const boost::asio::any_io_executor& loop);

  // Waits for so long at most. This object must outlive the wait.
  boost::asio::awaitable<Found> find(MemberEndpoint member, std::chrono::milliseconds limit);

 private:
  struct Known;

  boost::asio::any_io_executor loop_;
  std::shared_ptr<Known> known_;  // shared with lookups that take longer than anybody waited
  Worker worker_;
};

}  // namespace hlb::fleet::etcd
