#include "tests/unit/certificates.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace hlb {
namespace {

void demand(bool done) {
  if (!done) throw std::runtime_error("OpenSSL can't make the certificate of a test");
}

std::shared_ptr<EVP_PKEY> new_key(int bits) {
  EVP_PKEY* key = bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(static_cast<unsigned>(bits));
  demand(key != nullptr);
  return {key, EVP_PKEY_free};
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  demand(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

template <typename Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
  demand(write(memory.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::string Certificate::pem() const {
  return pem_of([&](BIO* into) { return PEM_write_bio_X509(into, certificate.get()); });
}

std::string Certificate::key_pem() const {
  return pem_of([&](BIO* into) {
    return PEM_write_bio_PrivateKey(into, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Certificate issue(const CertificateWish& wish, const Certificate* issuer) {
  static long serial = 0;
  const auto key = new_key(wish.bits);
  const std::shared_ptr<X509> made(X509_new(), X509_free);
  X509* issued_by = issuer == nullptr ? made.get() : issuer->certificate.get();
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), wish.from.count());
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.until.count());
  X509_set_pubkey(made.get(), key.get());
  const auto* name =
      static_cast<const unsigned char*>(static_cast<const void*>(wish.common_name.data()));
  demand(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, name,
                                    static_cast<int>(wish.common_name.size()), -1, 0) == 1);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issued_by));
  if (wish.authority) extend(made.get(), issued_by, NID_basic_constraints, "critical,CA:TRUE");
  if (!wish.names.empty()) extend(made.get(), issued_by, NID_subject_alt_name, wish.names);
  EVP_PKEY* signer = issuer == nullptr ? key.get() : issuer->key.get();
  demand(X509_sign(made.get(), signer, EVP_sha256()) > 0);
  return {made, key};
}

CertificateFolder::CertificateFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "hlb-tls-XXXXXX";
  folder_ = mkdtemp(pattern.data());
}

CertificateFolder::~CertificateFolder() {
  std::filesystem::remove_all(folder_);
}

std::string CertificateFolder::file(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return folder_ / name;
}

}  // namespace hlb
