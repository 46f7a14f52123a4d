// What the TLS connections to many backends have in common: whom we trust, and who we are.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "health/check_spec.h"

struct ssl_ctx_st;  // OpenSSL's, which the files tls_*.cpp alone know

namespace hlb::probes {

// The files of a TlsSpec as OpenSSL has read them; its server_name plays no part. Used by hlbd's
// loop alone.
class TlsClient {
 public:
  explicit TlsClient(const TlsSpec& spec);

  // What to make a connection from; valid until the next call. The files are read when first
  // needed, and again when one has changed; while the new ones can't be used the old ones serve.
  // nullptr when there are no old ones either: fault() says why.
  ssl_ctx_st* current();
  const std::string& fault() const { return fault_; }

  // Another number for other contents of the files: what was verified by the ones before counts no
  // more.
  unsigned generation() const { return generation_; }

 private:
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed = 0;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Stamps = std::array<Stamp, 3>;

  struct Free {
    void operator()(ssl_ctx_st* settings) const;
  };

  static Stamp stamp_of(const std::string& file);
  bool is_outdated(const Stamps& now) const { return settings_ == nullptr || now != read_; }

  const TlsSpec spec_;
  std::unique_ptr<ssl_ctx_st, Free> settings_;
  Stamps read_;  // of the files that settings_ was made from
  std::string fault_;
  unsigned generation_ = 0;
};

// Those in use, one for all checks that say the same.
class TlsClients {
 public:
  std::shared_ptr<TlsClient> get(const TlsSpec& spec);

 private:
  using Key = std::tuple<bool, std::string, std::string, std::string>;

  std::map<Key, std::weak_ptr<TlsClient>> used_;
};

}  // namespace hlb::probes
