#include "tls/reason.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace hlb::tls {
namespace {

std::string text_of(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "an error that OpenSSL doesn't name" : reason;
}

// Whether an error has no meaning for whether there is a file, or what a server did.
bool is_trouble_of_ours(unsigned long error) {
  constexpr std::array kNumbers = {EMFILE, ENFILE, ENOMEM, EIO, ESTALE};
  if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) return true;
  return ERR_SYSTEM_ERROR(error) &&
         std::ranges::find(kNumbers, ERR_GET_REASON(error)) != kNumbers.end();
}

// Whether by this alert a server may reject a client certificate, or the want of one.
bool is_about_certificate(int alert) {
  constexpr std::array kAlerts = {
      SSL_AD_HANDSHAKE_FAILURE,   SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE,
      SSL_AD_CERTIFICATE_REVOKED, SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN,
      SSL_AD_UNKNOWN_CA,          SSL_AD_ACCESS_DENIED,       SSL_AD_DECRYPT_ERROR,
      SSL_AD_CERTIFICATE_REQUIRED};
  return std::ranges::find(kAlerts, alert) != kAlerts.end();
}

// Names an alert. OpenSSL names those of TLS 1.3 in its errors alone: "tlsv13 alert certificate
// required".
std::string alert_in_words(int alert, const std::string& text) {
  constexpr std::string_view kUnknown = "unknown";
  constexpr std::string_view kPrefix = "tlsv13 alert ";
  if (const std::string_view words = SSL_alert_desc_string_long(alert); words != kUnknown) {
    return std::string(words);
  }
  return text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : text;
}

TlsFault refusal(int alert, const std::string& text, ClientCertificate certificate) {
  TlsFault fault{.words = "TLS refused"};
  if (certificate.asked_for && is_about_certificate(alert)) {
    fault.certificate = true;
    fault.words = certificate.given ? "client certificate refused" : "client certificate demanded";
  }
  fault.words += ": " + alert_in_words(alert, text) + " (alert " + std::to_string(alert) + ")";
  return fault;
}

}  // namespace

std::string openssl_fault() {
  std::string text = text_of(ERR_get_error());
  ERR_clear_error();
  return text;
}

TlsFault tls_fault(ClientCertificate certificate) {
  const unsigned long error = ERR_peek_error();
  const int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
  const bool is_alert = ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= 0 && alert <= 255;
  const bool own = is_own_trouble();
  const std::string text = openssl_fault();
  if (own) return {.words = text, .ours = true};
  return is_alert ? refusal(alert, text, certificate) : TlsFault{.words = "TLS failed: " + text};
}

bool is_own_trouble() {
  return is_trouble_of_ours(ERR_peek_error()) || is_trouble_of_ours(ERR_peek_last_error());
}

}  // namespace hlb::tls
