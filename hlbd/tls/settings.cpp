#include "tls/settings.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "tls/reason.h"

namespace hlb::tls {
namespace {

// Limits of the chain of certificates that a server sends: its bytes, and its length.
constexpr long kMaxChainBytes = 65536;
constexpr int kMaxChain = 8;

// Gives no passphrase, as a daemon has nobody to ask.
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
  // Sessions are kept by whoever makes the connections, if at all.
  SSL_CTX_set_session_cache_mode(&settings, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_default_passwd_cb(&settings, no_passphrase);
}

// ---- the authorities of the system -------------------------------------------------------------

std::string from_environment(const char* variable, const char* otherwise) {
  const char* value = ::secure_getenv(variable);
  return value == nullptr ? otherwise : value;
}

// The file in which OpenSSL would look for authorities itself.
std::string system_file() {
  return from_environment(X509_get_default_cert_file_env(), X509_get_default_cert_file());
}

std::vector<std::string> system_folders() {
  const std::string list =
      from_environment(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  std::vector<std::string> folders;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) folders.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

// Whether OpenSSL would find a certificate by this name: the hash of its subject, and a number.
bool is_hashed(std::string_view name) {
  constexpr std::size_t kHash = 8;
  if (name.size() < kHash + 2 || name[kHash] != '.') return false;
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  constexpr std::size_t kDecimal = 10;
  return name.find_first_not_of(kHexDigits) == kHash &&
         name.find_first_not_of(kHexDigits.substr(0, kDecimal), kHash + 1) ==
             std::string_view::npos;
}

std::error_code list_hashed(const std::string& folder, std::vector<std::string>& files) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (is_hashed(entry->path().filename().native())) files.push_back(entry->path());
  }
  return error;
}

// Passes over what isn't there, or holds no certificate, as OpenSSL does. Returns false when there
// may be a certificate that couldn't be read; the error stays in the queue.
bool pass_over() {
  if (is_own_trouble()) return false;
  ERR_clear_error();
  return true;
}

// Loads the system's authorities now: left to itself, OpenSSL would search the folders in the
// middle of a handshake. Returns the first file or folder that can't be read; empty when all can.
std::string trust_system(SSL_CTX& settings) {
  std::vector<std::string> files = {system_file()};
  for (const std::string& folder : system_folders()) {
    const std::error_code error = list_hashed(folder, files);
    if (error) ERR_raise(ERR_LIB_SYS, error.value());
    if (!pass_over()) return folder;
  }
  for (const std::string& file : files) {
    if (SSL_CTX_load_verify_file(&settings, file.c_str()) != 1 && !pass_over()) return file;
  }
  return "";
}

// ---- the files of a TlsSpec
// ----------------------------------------------------------------------

// Trusts what stands in `ca` as it is, even if it isn't the root of the chain. Returns the file
// that can't be used; empty when there is none.
std::string trust(SSL_CTX& settings, const TlsSpec& spec) {
  if (!spec.verify) return "";
  SSL_CTX_set_verify(&settings, SSL_VERIFY_PEER, nullptr);
  if (spec.ca.empty()) return trust_system(settings);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&settings), X509_V_FLAG_PARTIAL_CHAIN);
  return SSL_CTX_load_verify_file(&settings, spec.ca.c_str()) == 1 ? "" : spec.ca;
}

// Reads the files, and returns the first that can't be used; empty when all can. What is wrong with
// it is left in OpenSSL's queue, which is this thread's.
std::string read_files(SSL_CTX& settings, const TlsSpec& spec) {
  if (std::string file = trust(settings, spec); !file.empty()) return file;
  if (spec.certificate.empty()) return "";
  if (SSL_CTX_use_certificate_chain_file(&settings, spec.certificate.c_str()) != 1) {
    return spec.certificate;
  }
  if (SSL_CTX_use_PrivateKey_file(&settings, spec.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return spec.key;
  }
  return SSL_CTX_check_private_key(&settings) == 1 ? "" : spec.key;
}

FileStamps stamps_of(const std::vector<std::string>& files) {
  FileStamps stamps;
  for (const std::string& file : files)
    stamps.push_back(stamp_of(file));
  return stamps;
}

}  // namespace

// Decides that once for all, and begins nothing else: what TLS needs takes OpenSSL a while, and is
// begun where there is TLS.
void keep_openssl_at_exit() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
}

std::vector<std::string> files_of(const TlsSpec& spec) {
  std::vector<std::string> files = {spec.ca, spec.certificate, spec.key};
  if (spec.verify && spec.ca.empty()) {
    files = system_folders();
    files.insert(files.begin(), {system_file(), spec.certificate, spec.key});
  }
  std::erase(files, "");
  return files;
}

TlsLook look_at(const TlsSpec& spec, const std::optional<FileStamps>& before, Prepare prepare) {
  TlsLook look{stamps_of(files_of(spec)), nullptr, ""};
  if (look.stamps == before) return look;
  ERR_clear_error();
  const TlsSettings settings(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (settings == nullptr) {
    look.fault = openssl_fault();
    return look;
  }
  set_bounds(*settings);
  prepare(*settings);
  const std::string file = read_files(*settings, spec);
  if (file.empty()) {
    look.settings = settings;
  } else {
    look.fault = file + ": " + openssl_fault();
  }
  return look;
}

}  // namespace hlb::tls
