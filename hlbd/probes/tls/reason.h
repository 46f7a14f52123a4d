// OpenSSL's errors in plain words.
#pragma once

#include <string>

#include "health/outcome.h"

namespace hlb::probes {

// Whether a backend asked us for a certificate, and whether we had one.
struct ClientCertificate {
  bool asked_for = false;
  bool given = false;
};

// The first error in OpenSSL's queue, which is then empty: "No such file or directory", "no start
// line".
std::string openssl_fault();

// The outcome of a TLS connection that OpenSSL gave up, by its queue, which is then empty.
Outcome tls_failure(ClientCertificate certificate);

// Whether the queue tells of want of descriptors or memory, or of a disk that fails.
bool is_own_trouble();

}  // namespace hlb::probes
