// Certificates made for a test, and the files that hold them.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace hlb {

struct Certificate {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  std::string pem() const;
  std::string key_pem() const;
};

struct CertificateWish {
  std::string common_name = "app.test";
  std::string names = "DNS:app.test";      // as openssl.cnf writes subjectAltName; empty: none
  std::chrono::seconds from{-3600};        // from now
  std::chrono::seconds until{30 * 86400};  // from now
  bool authority = false;
  int bits = 0;  // of RSA; 0: a key on the curve P-256
};

// Signed by `issuer`, or by itself.
Certificate issue(const CertificateWish& wish, const Certificate* issuer = nullptr);

inline Certificate authority(const std::string& name = "Test Authority",
                             const Certificate* issuer = nullptr) {
  return issue({.common_name = name, .names = "", .authority = true}, issuer);
}

// A folder that goes with the object.
class CertificateFolder {
 public:
  CertificateFolder();
  ~CertificateFolder();
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  // The path of a file with this text, in place of the one there may be.
  std::string file(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

}  // namespace hlb
