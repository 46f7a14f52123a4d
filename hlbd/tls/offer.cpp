#include "tls/offer.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "text/address.h"

namespace hlb::tls {

// An address can be verified, but SNI is for names alone (RFC 6066, 3).
bool name_server(ssl_st& connection, const std::string& name) {
  if (Address::parse(name)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&connection), name.c_str()) == 1;
  }
  SSL_set_hostflags(&connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(&connection, name.c_str()) == 1 &&
         SSL_set_tlsext_host_name(&connection, name.c_str()) == 1;
}

void offer_protocol(ssl_st& connection, std::string_view protocol) {
  std::basic_string<unsigned char> list(1, static_cast<unsigned char>(protocol.size()));
  list.append(protocol.begin(), protocol.end());
  SSL_set_alpn_protos(&connection, list.data(), static_cast<unsigned>(list.size()));
}

}  // namespace hlb::tls
