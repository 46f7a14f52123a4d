// Words about a server's certificate, whose validity is a matter of the wall clock.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;            // OpenSSL's,
struct x509_store_ctx_st;  // known in tls/ alone

namespace hlb::tls {

using WallClock = std::chrono::system_clock;

// The time when the certificate ends; the epoch if it doesn't tell.
WallClock::time_point end_of(const x509_st& certificate);

// When each of the certificates in a PEM file ends, in their order; empty: none can be read.
std::vector<WallClock::time_point> ends_in(const std::string& path);

// The lifetime in words: "ends in 6 days, on 2026-12-01", "expired 3 hours ago, on 2026-11-24".
// Dates are of UTC.
std::string lifetime(WallClock::time_point end, WallClock::time_point now);

// Why the verification has failed, with what the certificate at fault says: at most kMaxFault
// printable characters.
std::string rejection(x509_store_ctx_st& verification, std::string_view server_name,
                      WallClock::time_point now);

}  // namespace hlb::tls
