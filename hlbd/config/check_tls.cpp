// Checks of type = "tls", and the keys that all checks over TLS have. OpenSSL reads the files here
// as the probes will, so that what they could not use is a fault of the configuration.

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "config/check_type.h"
#include "config/hostname.h"
#include "system/last_error.h"
#include "text/address.h"
#include "text/wording.h"

namespace hlb::config {

namespace {

using namespace std::chrono_literals;

constexpr off_t kMaxFileSize = off_t{1} << 20U;
constexpr DurationRange kValidity = {0s, 24h * 3650};

// ---- files -------------------------------------------------------------------------------------

// Why OpenSSL isn't even to look at it, as it would wait for the writer of a FIFO; empty when it
// is.
std::string file_fault(const std::string& path) {
  if (!path.starts_with('/')) return "is no absolute path; start it with \"/\"";
  struct stat status{};
  // By the rights that it is opened with, which aren't the real user's where hlbctl reads for hlbd.
  if (stat(path.c_str(), &status) != 0 ||
      faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
    return unreadable(last_error());
  }
  if (!S_ISREG(status.st_mode)) return "is not a regular file; give a PEM file";
  if (status.st_size == 0) return "is empty; give a PEM file";
  if (status.st_size > kMaxFileSize) return "is larger than 1 MiB; give a PEM file";
  return "";
}

bool is(unsigned long error, int library, int reason) {
  return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

// Why OpenSSL can't use a file that should hold `what`. Empties OpenSSL's queue of errors.
std::string openssl_fault(const std::string& what) {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  if (is(error, ERR_LIB_PEM, PEM_R_NO_START_LINE) ||
      is(error, ERR_LIB_X509, X509_R_NO_CERTIFICATE_OR_CRL_FOUND) ||
      is(error, ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED)) {
    return "holds no " + what + " in PEM; give a file that does";
  }
  if (is(error, ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH) ||
      is(error, ERR_LIB_X509, X509_R_KEY_TYPE_MISMATCH) ||
      is(error, ERR_LIB_SSL, SSL_R_NO_CERTIFICATE_ASSIGNED)) {
    return "is not the key of the certificate; give the one that was made for it";
  }
  const char* reason = ERR_reason_error_string(error);
  return "cannot be used as " + what + ": " + (reason == nullptr ? "unknown error" : reason);
}

struct FreeSettings {
  void operator()(SSL_CTX* settings) const { SSL_CTX_free(settings); }
};

// Has OpenSSL load the files of one check. OpenSSL takes its time to begin, and so isn't begun
// where there are none.
class Trial {
 public:
  explicit Trial(const CheckTable& table) : table_(table) {}

  void read_authorities(std::string& into) {
    read("ca", "certificate", into, SSL_CTX_load_verify_file);
  }

  void read_certificate(std::string& into) {
    read("certificate", "certificate", into, SSL_CTX_use_certificate_chain_file);
  }

  // To be called after read_certificate(), as the key must belong to the certificate.
  void read_key(std::string& into) {
    read("key", "private key", into, [](SSL_CTX* settings, const char* file) {
      const bool alone = SSL_CTX_get0_certificate(settings) == nullptr;
      const int taken = SSL_CTX_use_PrivateKey_file(settings, file, SSL_FILETYPE_PEM);
      return alone || taken != 1 ? taken : SSL_CTX_check_private_key(settings);
    });
  }

 private:
  SSL_CTX* settings() {
    if (settings_ == nullptr) {
      settings_.reset(SSL_CTX_new(TLS_client_method()));
      SSL_CTX_set_default_passwd_cb(settings_.get(), note_passphrase);
      SSL_CTX_set_default_passwd_cb_userdata(settings_.get(), this);
    }
    return settings_.get();
  }

  // Called by OpenSSL for a passphrase, which nobody is there to enter.
  static int note_passphrase(char* /*space*/, int /*size*/, int /*writing*/, void* trial) {
    static_cast<Trial*>(trial)->wants_passphrase_ = true;
    return -1;
  }

  template <typename Load>
  void read(std::string_view key, const std::string& what, std::string& into, Load load) {
    const std::string* path = table_.keys.text(key);
    if (path == nullptr) return;
    std::string fault = file_fault(*path);
    if (fault.empty()) {
      ERR_clear_error();
      if (load(settings(), path->c_str()) != 1) fault = openssl_fault(what);
    }
    if (wants_passphrase_)
      fault = "is encrypted, and nobody is there to enter a passphrase; decrypt it";
    if (!fault.empty()) {
      return table_.faults.add(table_.keys.find(key)->at, text::in_quotes(*path) + " " + fault);
    }
    into = *path;
  }

  const CheckTable& table_;
  std::unique_ptr<SSL_CTX, FreeSettings> settings_;
  bool wants_passphrase_ = false;
};

// ---- keys --------------------------------------------------------------------------------------

void read_server_name(const CheckTable& table, TlsSpec& tls) {
  tls.server_name = table.service;
  const std::string* text = table.keys.text("server_name");
  if (text == nullptr) return;
  const auto address = Address::parse(*text);
  if (address && address->scope_id == 0) {
    tls.server_name = *text;
    return;
  }
  // Certificates are made for localhost as well, which no service can be called.
  const bool is_localhost = canonical_hostname(*text) == "localhost";
  const auto name = parse_hostname(*text);
  if (!name && !is_localhost) {
    return table.faults.add(table.keys.find("server_name")->at,
                            text::in_quotes(*text) + " " + name.error());
  }
  tls.server_name = name.value_or("localhost");
}

// Notes a key that stands without the other.
void demand_both(const CheckTable& table, std::string_view key, std::string_view other) {
  const Value* value = table.keys.find(key);
  if (value == nullptr || table.keys.find(other) != nullptr) return;
  table.faults.add(value->at, text::in_quotes(key)
                                  .append(" is of no use without ")
                                  .append(text::in_quotes(other))
                                  .append("; add that or remove this"));
}

}  // namespace

void read_tls_files(const CheckTable& table, TlsSpec& tls) {
  Trial files(table);
  files.read_authorities(tls.ca);
  files.read_certificate(tls.certificate);
  files.read_key(tls.key);
  demand_both(table, "certificate", "key");
  demand_both(table, "key", "certificate");
}

void read_tls_keys(const CheckTable& table, TlsSpec& tls) {
  read_server_name(table, tls);
  table.keys.boolean("verify", tls.verify);
  read_tls_files(table, tls);
  const Value* ca = table.keys.find("ca");
  if (ca != nullptr && !tls.verify) {
    table.faults.add(ca->at, "\"ca\" is of no use with verify = false; remove one of them");
  }
}

void read_tls(const CheckTable& table, CheckSpec& check) {
  read_connection(table, check);
  TlsCheck tls;
  read_tls_keys(table, tls.tls);
  table.keys.duration("min_validity", kValidity, tls.min_validity);
  table.keys.boolean("fail_early", tls.fail_early);
  const Value* early = table.keys.find("fail_early");
  if (early != nullptr && table.keys.find("min_validity") == nullptr) {
    table.faults.add(early->at, R"("fail_early" is of no use without "min_validity"; add it)");
  }
  read_steps(table, tls.steps);
  check.method = std::move(tls);
}

}  // namespace hlb::config
