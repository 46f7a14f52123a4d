// The files by which members of etcd and this host know one another.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "health/check_spec.h"
#include "system/worker.h"
#include "tls/settings.h"

namespace hlb::fleet::etcd {

// Looks at the files anew for each connection, by a thread, as their disk may hang: what can't be
// read, or used, leaves the old ones in use. Used by one loop alone.
class MemberFiles {
 public:
  using Found = tl::expected<tls::TlsSettings, std::string>;  // or which file, and why not

  MemberFiles(const boost::asio::any_io_executor& loop, TlsSpec spec);

  // Waits for a look for so long at most. This object must outlive the wait.
  boost::asio::awaitable<Found> find(std::chrono::milliseconds limit);

 private:
  struct Known;

  boost::asio::any_io_executor loop_;
  const TlsSpec spec_;
  std::shared_ptr<Known> known_;  // shared with looks that take longer than anybody waited
  Worker worker_;
};

}  // namespace hlb::fleet::etcd
