// OpenSSL's errors in plain words.
#pragma once

#include <cstddef>
#include <string>

namespace hlb::tls {

inline constexpr std::size_t kMaxFault = 120;

// Whether a server asked us for a certificate, and whether we had one.
struct ClientCertificate {
  bool asked_for = false;
  bool given = false;
};

// The first error in OpenSSL's queue, which is then empty: "No such file or directory", "no start
// line".
std::string openssl_fault();

// Why OpenSSL gave up a TLS connection.
struct TlsFault {
  std::string words;
  bool ours = false;         // this host lacks something at the moment
  bool certificate = false;  // the server wants another of ours, or its own is no good
};

// The fault by OpenSSL's queue, which is then empty.
TlsFault tls_fault(ClientCertificate certificate);

// Whether the queue tells of want of descriptors or memory, or of a disk that fails.
bool is_own_trouble();

}  // namespace hlb::tls
