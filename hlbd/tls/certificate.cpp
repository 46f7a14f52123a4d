#include "tls/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>
#include <vector>

#include "text/address.h"
#include "text/duration.h"
#include "text/printable.h"
#include "tls/reason.h"

namespace hlb::tls {
namespace {

constexpr std::size_t kMaxName = 40;   // asked for, or of an authority
constexpr std::size_t kMaxNames = 45;  // of all names of a certificate

std::string bytes_of(const ASN1_STRING* text) {
  if (text == nullptr) return "";
  const auto* bytes = static_cast<const void*>(ASN1_STRING_get0_data(text));
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string common_name(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  return bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string in_words(const X509_NAME* name) {
  const std::string common = common_name(name);
  if (!common.empty()) return text::printable(common, kMaxName);
  std::array<char, 256> whole{};
  X509_NAME_oneline(name, whole.data(), whole.size());
  return text::printable(whole.data(), kMaxName);
}

std::string address_of(const ASN1_OCTET_STRING* address) {
  const auto parsed = Address::of_bytes(
      {ASN1_STRING_get0_data(address), static_cast<std::size_t>(ASN1_STRING_length(address))});
  return parsed ? parsed->to_string() : "";
}

std::string text_of(const GENERAL_NAME& name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(&name, &type);
  if (type == GEN_DNS) return bytes_of(static_cast<const ASN1_IA5STRING*>(value));
  if (type == GEN_IPADD) return address_of(static_cast<const ASN1_OCTET_STRING*>(value));
  return "";
}

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

// Lists the names that a certificate is for: as many as there is room for, then "...".
std::string names_of(const X509& certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string list;
  for (int index = 0; index < sk_GENERAL_NAME_num(names.get()); ++index) {
    const std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), index));
    if (name.empty()) continue;
    const std::string next = (list.empty() ? "" : ", ") + text::printable(name, kMaxName);
    if (list.size() + next.size() > kMaxNames) return list + ", ...";
    list += next;
  }
  return list.empty() ? in_words(X509_get_subject_name(&certificate)) : list;
}

WallClock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallClock::from_time_t(timegm(&parts));
}

std::string date_of(WallClock::time_point time) {
  const std::time_t since_1970 = WallClock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&since_1970, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
  return text.data();
}

std::string far_off(WallClock::duration span) {
  return text::far_off(std::chrono::floor<std::chrono::minutes>(span));
}

}  // namespace

WallClock::time_point end_of(const x509_st& certificate) {
  return time_of(X509_get0_notAfter(&certificate));
}

std::vector<WallClock::time_point> ends_in(const std::string& path) {
  std::vector<WallClock::time_point> ends;
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), BIO_free);
  while (file != nullptr) {
    const std::unique_ptr<X509, decltype(&X509_free)> next(
        PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
    if (next == nullptr) break;
    ends.push_back(end_of(*next));
  }
  ERR_clear_error();
  return ends;
}

std::string lifetime(WallClock::time_point end, WallClock::time_point now) {
  const std::string date = ", on " + date_of(end);
  if (end < now) return "expired " + far_off(now - end) + " ago" + date;
  return "ends in " + far_off(end - now) + date;
}

std::string rejection(x509_store_ctx_st& verification, std::string_view server_name,
                      WallClock::time_point now) {
  const int error = X509_STORE_CTX_get_error(&verification);
  const X509* culprit = X509_STORE_CTX_get_current_cert(&verification);
  if (culprit == nullptr) culprit = X509_STORE_CTX_get0_cert(&verification);
  const bool of_server = X509_STORE_CTX_get_error_depth(&verification) == 0;
  const std::string whose = of_server ? "certificate " : "certificate of its authority ";
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + lifetime(end_of(*culprit), now);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + "is not valid before " + date_of(time_of(X509_get0_notBefore(culprit)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "certificate is for " + names_of(*culprit) + ", not for " +
             text::printable(server_name, kMaxName);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "certificate is self-signed";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
      return "certificate of an unknown authority: " + in_words(X509_get_issuer_name(culprit));
    default:
      return "certificate refused: " +
             text::printable(X509_verify_cert_error_string(error), kMaxFault - 22);
  }
}

}  // namespace hlb::tls
