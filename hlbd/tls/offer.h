// What a client says first: whom it wants to speak to, and how.
#pragma once

#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's, known where TLS is spoken alone

namespace hlb::tls {

// Sets whom the certificate must be of, a name or an address. False: want of memory, or a name that
// can't be one; OpenSSL's queue says which.
bool name_server(ssl_st& connection, const std::string& name);

// Asks for this protocol by ALPN, "h2".
void offer_protocol(ssl_st& connection, std::string_view protocol);

}  // namespace hlb::tls
