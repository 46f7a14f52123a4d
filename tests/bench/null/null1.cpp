// The null module that answers one fixed address: libnss_null1.so.2.
#include "tests/bench/null/answer.h"

// NOLINTNEXTLINE(readability-identifier-naming): the C library's name for it
extern "C" __attribute__((visibility("default"))) nss_status
_nss_null1_gethostbyname4_r(const char* name, gaih_addrtuple** tuples, char* buffer,
                            std::size_t size, int* error, int* host_error, std::int32_t* ttl) {
  return hlb::bench::answer<1>(name, {tuples, buffer, size, error, host_error, ttl});
}
