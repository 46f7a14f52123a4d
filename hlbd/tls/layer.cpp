#include "tls/layer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "text/printable.h"
#include "tls/certificate.h"
#include "tls/offer.h"

namespace hlb::tls {
namespace {

constexpr std::size_t kMaxNoTls = 60;  // shown of what is no TLS
constexpr std::size_t kRecord = 16384;
constexpr int kMaxUnsent = 262144;  // in answer to what a server sends

// Whether these first bytes are TLS's: a record of a handshake or an alert.
bool may_be_tls(std::string_view received) {
  return received.front() == SSL3_RT_HANDSHAKE || received.front() == SSL3_RT_ALERT;
}

}  // namespace

// Callbacks by which OpenSSL tells of a connection while it works on it.
struct TlsLayer::Callbacks {
  static int verify(X509_STORE_CTX* verification, void* /*data*/) {
    const auto* tls = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    TlsLayer& layer = *static_cast<TlsLayer*>(SSL_get_app_data(tls));
    ERR_clear_error();
    if (X509_verify_cert(verification) == 1) return 1;
    layer.rejection_ = rejection(*verification, layer.server_name_, WallClock::now());
    return 0;
  }

  static int certificate_asked_for(SSL* /*tls*/, void* layer) {
    static_cast<TlsLayer*>(layer)->certificate_asked_for_ = true;
    return 1;
  }
};

void TlsLayer::Free::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

void TlsLayer::prepare(ssl_ctx_st& settings) {
  SSL_CTX_set_cert_verify_callback(&settings, Callbacks::verify, nullptr);
}

TlsLayer::TlsLayer(const TlsSettings& settings, std::string server_name, std::string_view protocol)
    : server_name_(std::move(server_name)) {
  ERR_clear_error();
  tls_.reset(SSL_new(settings.get()));
  BIO* received = BIO_new(BIO_s_mem());
  BIO* to_send = BIO_new(BIO_s_mem());
  if (tls_ != nullptr) SSL_set_bio(tls_.get(), received, to_send);
  if (tls_ == nullptr || received == nullptr || to_send == nullptr ||
      !name_server(*tls_, server_name_)) {
    fault_ = {.words = openssl_fault(), .ours = true};
    tls_.reset();
    return;
  }
  BIO_set_mem_eof_return(received, -1);  // empty: more is to come
  certificate_given_ = SSL_CTX_get0_certificate(settings.get()) != nullptr;
  SSL_set_app_data(tls_.get(), this);
  SSL_set_cert_cb(tls_.get(), Callbacks::certificate_asked_for, this);
  SSL_set_connect_state(tls_.get());
  offer_protocol(*tls_, protocol);
  shake_hands();
}

TlsLayer::~TlsLayer() = default;

void TlsLayer::take(std::string_view received, std::string& plain) {
  if (fault_ || received.empty()) return;
  if (!std::exchange(begun_, true) && !may_be_tls(received)) {
    fault_ = {.words = "not TLS: \"" + text::printable(received, kMaxNoTls) + '"'};
    return;
  }
  ERR_clear_error();
  BIO_write(SSL_get_rbio(tls_.get()), received.data(), static_cast<int>(received.size()));
  if (SSL_in_init(tls_.get()) != 0) shake_hands();
  if (!fault_ && SSL_in_init(tls_.get()) == 0) read(plain);
  if (!fault_ && BIO_pending(SSL_get_wbio(tls_.get())) > kMaxUnsent) {
    fault_ = {.words = "the server takes in nothing"};
  }
}

void TlsLayer::shake_hands() {
  if (goes_on(SSL_do_handshake(tls_.get())) && SSL_in_init(tls_.get()) == 0) write();
}

void TlsLayer::read(std::string& plain) {
  std::array<char, kRecord> space;
  int count = 0;
  while ((count = SSL_read(tls_.get(), space.data(), static_cast<int>(space.size()))) > 0)
    plain.append(space.data(), static_cast<std::size_t>(count));
  closed_ = SSL_get_error(tls_.get(), count) == SSL_ERROR_ZERO_RETURN;
  if (!closed_) goes_on(count);
}

void TlsLayer::give(std::string_view plain) {
  if (fault_) return;
  unsaid_ += plain;
  ERR_clear_error();
  if (SSL_in_init(tls_.get()) == 0) write();
}

void TlsLayer::write() {
  if (unsaid_.empty()) return;
  const int written = SSL_write(tls_.get(), unsaid_.data(), static_cast<int>(unsaid_.size()));
  if (goes_on(written) && written > 0) unsaid_.clear();
}

// Sorts what a step of OpenSSL came to: false after a fault.
bool TlsLayer::goes_on(int result) {
  if (result > 0) return true;
  if (SSL_get_error(tls_.get(), result) == SSL_ERROR_WANT_READ) return true;
  fail();
  return false;
}

void TlsLayer::fail() {
  fault_ = tls_fault({certificate_asked_for_, certificate_given_});
  if (rejection_.empty()) return;
  fault_ = {.words = rejection_, .certificate = true};
}

std::string TlsLayer::output() {
  if (tls_ == nullptr) return "";
  BIO* to_send = SSL_get_wbio(tls_.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(to_send, &bytes);
  if (size <= 0) return "";
  std::string output(bytes, static_cast<std::size_t>(size));
  BIO_reset(to_send);
  return output;
}

}  // namespace hlb::tls
