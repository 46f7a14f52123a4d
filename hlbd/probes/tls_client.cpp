#include "probes/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <utility>

#include "probes/tls_reason.h"
#include "probes/tls_stream.h"

namespace hlb::probes {
namespace {

// What a backend may send as its chain of certificates, and how long that may be.
constexpr long kMaxChainBytes = 65536;
constexpr int kMaxChain = 8;

// A daemon has nobody to ask.
int no_passphrase(char* /*space*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

void set_bounds(SSL_CTX& settings) {
  SSL_CTX_set_min_proto_version(&settings, TLS1_2_VERSION);
  SSL_CTX_set_options(&settings, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_max_cert_list(&settings, kMaxChainBytes);
  SSL_CTX_set_verify_depth(&settings, kMaxChain);
  // A connection at rest then keeps no buffers.
  SSL_CTX_set_mode(&settings, SSL_MODE_RELEASE_BUFFERS);
  // Sessions are kept by each TlsPeer.
  SSL_CTX_set_session_cache_mode(&settings, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_default_passwd_cb(&settings, no_passphrase);
}

// What stands in `ca` is trusted as it is, also when it isn't the root of the chain.
bool trust(SSL_CTX& settings, const TlsSpec& spec) {
  if (!spec.verify) return true;
  SSL_CTX_set_verify(&settings, SSL_VERIFY_PEER, nullptr);
  if (spec.ca.empty()) return SSL_CTX_set_default_verify_paths(&settings) == 1;
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&settings), X509_V_FLAG_PARTIAL_CHAIN);
  return SSL_CTX_load_verify_file(&settings, spec.ca.c_str()) == 1;
}

// The first file that can't be used; empty when all can. What is wrong with it is left in OpenSSL's
// queue.
std::string read_files(SSL_CTX& settings, const TlsSpec& spec) {
  if (!trust(settings, spec)) return spec.ca.empty() ? "the system's certificates" : spec.ca;
  if (spec.certificate.empty()) return "";
  if (SSL_CTX_use_certificate_chain_file(&settings, spec.certificate.c_str()) != 1) {
    return spec.certificate;
  }
  if (SSL_CTX_use_PrivateKey_file(&settings, spec.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return spec.key;
  }
  return SSL_CTX_check_private_key(&settings) == 1 ? "" : spec.key;
}

}  // namespace

TlsClient::TlsClient(TlsSpec spec) : spec_(std::move(spec)) {}

void TlsClient::Free::operator()(ssl_ctx_st* settings) const {
  SSL_CTX_free(settings);
}

TlsClient::Stamp TlsClient::stamp_of(const std::string& file) {
  struct stat status{};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) return {};
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {status.st_dev, status.st_ino, status.st_size,
          status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

ssl_ctx_st* TlsClient::current() {
  const Stamps now = {stamp_of(spec_.ca), stamp_of(spec_.certificate), stamp_of(spec_.key)};
  if (!is_outdated(now)) return settings_.get();
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, Free> settings(SSL_CTX_new(TLS_client_method()));
  if (settings == nullptr) {
    fault_ = openssl_fault();
    return settings_.get();
  }
  set_bounds(*settings);
  TlsStream::prepare(*settings);
  if (const std::string file = read_files(*settings, spec_); !file.empty()) {
    fault_ = file + ": " + openssl_fault();
    return settings_.get();
  }
  settings_ = std::move(settings);
  read_ = now;
  ++generation_;
  return settings_.get();
}

std::shared_ptr<TlsClient> TlsClients::get(const TlsSpec& spec) {
  std::erase_if(used_, [](const auto& entry) { return entry.second.expired(); });
  auto& place = used_[{spec.verify, spec.ca, spec.certificate, spec.key}];
  auto found = place.lock();
  if (!found) place = found = std::make_shared<TlsClient>(spec);
  return found;
}

}  // namespace hlb::probes
