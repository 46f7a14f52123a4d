// The settings that TLS connections to many backends share: whom we trust, and who we are.
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
#include "probes/waiters.h"
#include "system/scope.h"
#include "system/worker.h"
#include "tls/settings.h"

namespace hlb::probes {

// The files of a TlsSpec as OpenSSL has read them; its server_name plays no part. They are read by
// a worker, as their disk may hang: while they can't be read, or used, the old ones serve. Lives in
// a shared_ptr; used by hlbd's loop alone.
class TlsClient {
 public:
  // The longest that a connection waits for a look at the files, if its check allows twice that.
  static constexpr std::chrono::milliseconds kPatience{250};

  TlsClient(TlsSpec spec, std::shared_ptr<Worker> worker);

  // Begins a look at the files, which reads them if they have changed, and the first time. Does
  // nothing while a look is under way already.
  void look();

  // Waits until the look is done, but for no longer than kPatience, or half of the check's
  // `timeout`. Returns when the caller is cancelled, too. This object must outlive it.
  boost::asio::awaitable<void> looked(std::chrono::milliseconds timeout);

  // The settings to make a connection from; valid until the loop goes on. nullptr when no files
  // could be read as yet: fault() says why.
  ssl_ctx_st* current() const { return settings_.get(); }
  std::string fault() const;

  // A number that changes with the contents of the files: what was verified by earlier ones no
  // longer counts.
  unsigned generation() const { return generation_; }

 private:
  using Monotonic = std::chrono::steady_clock;

  void take(const tls::TlsLook& look);

  const TlsSpec spec_;
  const std::vector<std::string> files_ = tls::files_of(spec_);
  std::shared_ptr<Worker> worker_;
  tls::TlsSettings settings_;
  std::optional<tls::FileStamps> read_;  // of the files that settings_ was made from
  std::string fault_;                    // that the last look found
  unsigned generation_ = 0;
  bool looking_ = false;         // the worker is
  Monotonic::time_point began_;  // the look
  Waiters waiters_;
  Scope scope_;
};

// The clients in use, one for all checks that say the same.
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
