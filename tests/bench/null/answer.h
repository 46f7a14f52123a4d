// The answer of a null module: the least that an NSS module can do and still answer, so that what
// remains of a getaddrinfo is the C library's own cost. It is the floor that hlb is measured
// against.
#pragma once

#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hlb::bench {

// What a caller of _nss_*_gethostbyname4_r hands in for its answer (see the C library's <nss.h>).
struct Destination {
  gaih_addrtuple** tuples;
  char* buffer;
  std::size_t size;
  int* error;
  int* host_error;
  std::int32_t* ttl;
};

// Answers every name with 127.0.0.1, 127.0.0.2 and so on, kCount of them.
template <std::size_t kCount>
nss_status answer(const char* name, const Destination& to) {
  const std::size_t name_size = std::strlen(name) + 1;
  if (to.size < sizeof(gaih_addrtuple) * kCount + name_size) {
    *to.error = ERANGE;
    *to.host_error = NETDB_INTERNAL;
    return NSS_STATUS_TRYAGAIN;
  }
  auto* tuples = reinterpret_cast<gaih_addrtuple*>(to.buffer);
  auto* kept_name = to.buffer + sizeof(gaih_addrtuple) * kCount;
  std::memcpy(kept_name, name, name_size);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    gaih_addrtuple* next = i + 1 < kCount ? &tuples[i + 1] : nullptr;
    tuples[i] = {next, kept_name, AF_INET, {htonl(INADDR_LOOPBACK + i)}, 0};
  }
  if (*to.tuples != nullptr) {
    **to.tuples = tuples[0];
  } else {
    *to.tuples = tuples;
  }
  *to.host_error = NETDB_SUCCESS;
  if (to.ttl != nullptr) {
    *to.ttl = 0;
  }
  return NSS_STATUS_SUCCESS;
}

}  // namespace hlb::bench
