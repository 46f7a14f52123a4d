#include "probes/tls/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <string>
#include <utility>

#include "probes/reason.h"
#include "text/address.h"
#include "text/printable.h"
#include "tls/certificate.h"
#include "tls/offer.h"
#include "tls/reason.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxHandshake = 262144;
constexpr std::size_t kChunk = 4096;
constexpr std::size_t kMaxNoTlsShown = 60;  // bytes of what is no TLS

// The error in place of those that outcome_ tells of.
error_code broken() {
  return asio::error::connection_aborted;
}

std::string encoded(SSL_SESSION* session) {
  const int size = i2d_SSL_SESSION(session, nullptr);
  if (size <= 0) return "";
  std::string bytes(static_cast<std::size_t>(size), '\0');
  auto* end = static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
  i2d_SSL_SESSION(session, &end);
  return bytes;
}

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

std::unique_ptr<SSL_SESSION, FreeSession> decoded(std::string_view bytes) {
  const auto* begin = static_cast<const unsigned char*>(static_cast<const void*>(bytes.data()));
  return std::unique_ptr<SSL_SESSION, FreeSession>(
      d2i_SSL_SESSION(nullptr, &begin, static_cast<long>(bytes.size())));
}

}  // namespace

// Callbacks by which OpenSSL tells of a connection while it works on it.
struct TlsStream::Callbacks {
  static TlsStream& stream_of(const SSL* tls) {
    return *static_cast<TlsStream*>(SSL_get_app_data(tls));
  }

  static int verify(X509_STORE_CTX* verification, void* /*data*/) {
    const auto* tls = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    TlsStream& stream = stream_of(tls);
    if (!stream.peer_.spec().verify) return 1;
    ERR_clear_error();
    if (X509_verify_cert(verification) == 1) return 1;
    stream.outcome_ = Outcome::hard_failure(
        tls::rejection(*verification, stream.peer_.spec().server_name, tls::WallClock::now()));
    return 0;
  }

  static int keep_session(SSL* tls, SSL_SESSION* session) {
    TlsStream& stream = stream_of(tls);
    stream.confirmed_ = true;
    if (SSL_SESSION_is_resumable(session) == 1) {
      stream.peer_.keep_session(encoded(session), SSL_session_reused(tls) == 1);
    }
    return 0;  // it remains OpenSSL's
  }

  static int certificate_asked_for(SSL* /*tls*/, void* stream) {
    static_cast<TlsStream*>(stream)->certificate_asked_for_ = true;
    return 1;
  }
};

void TlsStream::prepare(ssl_ctx_st& settings) {
  SSL_CTX_set_cert_verify_callback(&settings, Callbacks::verify, nullptr);
  SSL_CTX_sess_set_new_cb(&settings, Callbacks::keep_session);
}

void TlsStream::Free::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

TlsStream::TlsStream(Connection& connection, TlsPeer& peer) : connection_(connection), peer_(peer) {
  start(peer_.client().current());
}

void TlsStream::start(ssl_ctx_st* settings) {
  if (settings == nullptr) {
    outcome_ = Outcome::unsaid("can't be used",
                               text::printable("no probe: " + peer_.client().fault(), kMaxReason));
    return;
  }
  ERR_clear_error();
  tls_.reset(SSL_new(settings));
  BIO* received = BIO_new(BIO_s_mem());
  BIO* to_send = BIO_new(BIO_s_mem());
  if (tls_ != nullptr) SSL_set_bio(tls_.get(), received, to_send);
  if (tls_ == nullptr || received == nullptr || to_send == nullptr ||
      !tls::name_server(*tls_, peer_.spec().server_name)) {
    outcome_ = Outcome::not_known("no probe: " + tls::openssl_fault());
    tls_.reset();
    return;
  }
  BIO_set_mem_eof_return(received, -1);  // empty: more is to come
  SSL_set_app_data(tls_.get(), this);
  SSL_set_cert_cb(tls_.get(), Callbacks::certificate_asked_for, this);
  SSL_set_connect_state(tls_.get());
  if (!peer_.protocol().empty()) tls::offer_protocol(*tls_, peer_.protocol());
  offer_session();
}

// Offers no session whose certificate has ended meanwhile, so that the handshake finds that out.
void TlsStream::offer_session() {
  const std::string_view kept = peer_.session();
  if (kept.empty()) return;
  const auto session = decoded(kept);
  const X509* certificate = session == nullptr ? nullptr : SSL_SESSION_get0_peer(session.get());
  if (certificate == nullptr || tls::end_of(*certificate) < tls::WallClock::now()) return;
  SSL_set_session(tls_.get(), session.get());
}

asio::awaitable<error_code> TlsStream::handshake() {
  if (outcome_) co_return broken();
  const error_code error = co_await drive([](SSL* tls) { return SSL_do_handshake(tls); });
  if (error == asio::error::eof) {
    outcome_ = Outcome::hard_failure("connection closed during the TLS handshake");
  }
  if (error) peer_.drop_session();
  co_return error;
}

asio::awaitable<std::optional<Outcome>> TlsStream::part() {
  SSL_shutdown(tls_.get());
  if (SSL_version(tls_.get()) == TLS1_3_VERSION) {
    char unasked = 0;
    co_await drive([&](SSL* tls) {
      const int count = SSL_read(tls, &unasked, 1);
      return confirmed_ ? 1 : count;
    });
  } else {
    co_await send();
  }
  co_return outcome_;
}

asio::awaitable<error_code> TlsStream::write(std::string_view bytes) {
  received_ = 0;
  const auto put = [bytes](SSL* tls) {
    return SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
  };
  if (const error_code error = co_await drive(put)) co_return error;
  co_return co_await send();
}

asio::awaitable<Stream::Read> TlsStream::read_some(std::span<char> space) {
  int count = 0;
  const auto take = [&](SSL* tls) {
    count = SSL_read(tls, space.data(), static_cast<int>(space.size()));
    return count;
  };
  const error_code error = co_await drive(take);
  co_return Read{error, error ? 0 : static_cast<std::size_t>(count)};
}

// Sends only when there is nothing else to do, so that the end of a handshake and what follows it
// travel together.
template <typename Step>
asio::awaitable<error_code> TlsStream::drive(Step step) {
  for (;;) {
    ERR_clear_error();
    const int result = step(tls_.get());
    if (result > 0) co_return error_code();
    const int cause = SSL_get_error(tls_.get(), result);
    if (cause == SSL_ERROR_ZERO_RETURN) co_return asio::error::eof;
    const bool given_up = cause != SSL_ERROR_WANT_READ;
    if (given_up && !outcome_) outcome_ = trouble();
    const error_code unsent = co_await send();  // an alert, if OpenSSL has given up
    if (given_up) co_return broken();
    if (unsent) co_return unsent;
    if (const error_code error = co_await receive()) co_return error;
  }
}

Outcome TlsStream::trouble() const {
  const tls::TlsFault fault =
      tls::tls_fault({certificate_asked_for_, !peer_.spec().certificate.empty()});
  return fault.ours ? Outcome::not_known("no probe: " + fault.words)
                    : Outcome::hard_failure(fault.words);
}

asio::awaitable<error_code> TlsStream::send() {
  BIO* to_send = SSL_get_wbio(tls_.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(to_send, &bytes);
  if (size <= 0) co_return error_code();
  const error_code error = co_await connection_.write({bytes, static_cast<std::size_t>(size)});
  BIO_reset(to_send);
  co_return error;
}

asio::awaitable<error_code> TlsStream::receive() {
  std::array<char, kChunk> chunk;
  const auto [error, count] = co_await connection_.read_some(chunk);
  if (error) co_return error;
  const std::string_view bytes(chunk.data(), count);
  if (!is_tls(bytes)) {
    outcome_ = Outcome::hard_failure("not TLS: \"" + text::printable(bytes, kMaxNoTlsShown) + '"');
    co_return broken();
  }
  received_ += count;
  if (received_ > kMaxHandshake) {
    outcome_ = Outcome::hard_failure("TLS records without end");
    co_return broken();
  }
  BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(count));
  co_return error_code();
}

// Whether the first bytes are TLS's: a record of a handshake or an alert, of a version 3.x.
bool TlsStream::is_tls(std::string_view received) const {
  const bool first = received_ == 0 && SSL_in_init(tls_.get()) != 0;
  if (!first) return true;
  const char type = received.front();
  return (type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT) &&
         (received.size() == 1 || received[1] == SSL3_VERSION_MAJOR);
}

void TlsStream::rest() {
  if (tls_ != nullptr) SSL_free_buffers(tls_.get());
}

Outcome TlsStream::failure(const error_code& error, std::string_view silence) const {
  return outcome_ ? *outcome_ : connection_.failure(error, silence);
}

tls::WallClock::time_point TlsStream::certificate_end() const {
  const X509* certificate = SSL_get0_peer_certificate(tls_.get());
  return certificate == nullptr ? tls::WallClock::time_point() : tls::end_of(*certificate);
}

}  // namespace hlb::probes
