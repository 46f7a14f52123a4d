// What the TLS connections to many backends have in common: whom we trust, and who we are.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "health/check_spec.h"
#include "probes/file/folder_workers.h"
#include "probes/tls/settings.h"
#include "probes/waiters.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb::probes {

// The files of a TlsSpec as OpenSSL has read them; its server_name plays no part. They are read by
// a worker, as their disk may hang: while they can't be read, or used, the old ones serve. In a
// shared_ptr; used by hlbd's loop alone.
class TlsClient {
 public:
  // How long a connection waits for a look at the files, if its check allows twice that.
  static constexpr std::chrono::milliseconds kPatience{250};

  TlsClient(TlsSpec spec, std::shared_ptr<Worker> worker);

  // Begins to look whether the files have changed, to read them then, and the first time. Does
  // nothing while that is under way already.
  void look();

  // Waits until it is done; if it takes longer than kPatience, or half of the check's `timeout`,
  // only until then. Also returns when the caller is cancelled. This must outlive it.
  boost::asio::awaitable<void> looked(std::chrono::milliseconds timeout);

  // What to make a connection from, until the loop goes on. nullptr when no files could be read as
  // yet: fault() says why.
  ssl_ctx_st* current() const { return settings_.get(); }
  std::string fault() const;

  // Another number for other contents of the files: what was verified by the ones before counts no
  // more.
  unsigned generation() const { return generation_; }

 private:
  using Monotonic = std::chrono::steady_clock;

  void take(const TlsLook& look);

  const TlsSpec spec_;
  const std::vector<std::string> files_ = files_of(spec_);
  std::shared_ptr<Worker> worker_;
  TlsSettings settings_;
  std::optional<FileStamps> read_;  // of the files that settings_ was made from
  std::string fault_;               // that the last look found
  unsigned generation_ = 0;
  bool looking_ = false;         // the worker is,
  Monotonic::time_point began_;  // since then
  Waiters waiters_;
  Scope scope_;
};

// Those in use, one for all checks that say the same.
class TlsClients {
 public:
  // `workers` must outlive this.
  explicit TlsClients(FolderWorkers& workers) : workers_(workers) {}

  std::shared_ptr<TlsClient> get(const TlsSpec& spec);

 private:
  using Key = std::tuple<bool, std::string, std::string, std::string>;

  FolderWorkers& workers_;
  std::map<Key, std::weak_ptr<TlsClient>> used_;
};

}  // namespace hlb::probes
