// The checks over TLS: what each key means, and every fault that one can have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/unit/certificates.h"
#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class ConfigTlsCheck : public testing::Test {
 protected:
  // A check of that type; `keys` from line 6 on.
  static std::string with_check(const std::string& type, const std::string& keys) {
    return "[[service]]\nname = \"A.b.\"\nbackends = [\"10.0.0.1\"]\n[service.check]\ntype = \"" +
           type + "\"\n" + keys + "\nport = 443\n";
  }

  template <typename Method>
  static Method method_of(const std::string& type, const std::string& keys) {
    const auto result = parse_config(with_check(type, keys));
    EXPECT_THAT(faults_of(result), IsEmpty());
    const Config* config = result ? &*result : nullptr;
    if (config == nullptr) return {};
    return std::get<Method>(config->services.at(0).checks.at(0).method);
  }

  static std::vector<std::string> faults(const std::string& keys, const std::string& type = "tls") {
    return faults_of(parse_config(with_check(type, keys)));
  }

  // Of ca = "…" in a check of its own.
  std::vector<std::string> faults_with_ca(const std::string& path) const {
    return faults("ca = '" + path + "'");
  }

  std::string certificate_and_key(const std::string& certificate, const std::string& key) const {
    return "certificate = '" + certificate + "'\nkey = '" + key + "'";
  }

  const CertificateFolder folder_;
  const Certificate mine_ = issue({});
  const std::string ca_ = folder_.file("ca.pem", authority().pem());
  const std::string certificate_ = folder_.file("mine.pem", mine_.pem());
  const std::string key_ = folder_.file("mine.key", mine_.key_pem());
};

TEST_F(ConfigTlsCheck, VerifiesTheNameOfTheServiceUnlessTold) {
  const auto tls = method_of<TlsCheck>("tls", "");
  EXPECT_TRUE(tls.tls.verify);
  EXPECT_EQ(tls.tls.server_name, "a.b");
  EXPECT_EQ(tls.tls.ca, "");
  EXPECT_EQ(tls.tls.certificate, "");
  EXPECT_EQ(tls.tls.key, "");
  EXPECT_EQ(tls.min_validity, 0s);
  EXPECT_FALSE(tls.fail_early);
  EXPECT_EQ(method_of<HttpCheck>("https", "").tls, tls.tls);
  EXPECT_EQ(method_of<HttpCheck>("http", "").tls, std::nullopt);
}

TEST_F(ConfigTlsCheck, TakesEveryKey) {
  const std::string keys =
      "server_name = 'C.d'\nca = '" + ca_ + "'\n" + certificate_and_key(certificate_, key_) + "\n";
  const auto tls =
      method_of<TlsCheck>("tls", keys + "verify = true\nmin_validity = '14d'\nfail_early = true");
  EXPECT_EQ(tls.tls.server_name, "c.d");
  EXPECT_EQ(tls.tls.ca, ca_);
  EXPECT_EQ(tls.tls.certificate, certificate_);
  EXPECT_EQ(tls.tls.key, key_);
  EXPECT_EQ(tls.min_validity, 14 * 24h);
  EXPECT_TRUE(tls.fail_early);
  EXPECT_EQ(method_of<TlsCheck>("tls", "steps = [{ expect = '+OK' }]").steps,
            (std::vector<Step>{{Step::Kind::expect, "+OK"}}));
  const auto http = method_of<HttpCheck>("https", keys + "path = '/x'\nreuse = true");
  EXPECT_EQ(http.tls, tls.tls);
  EXPECT_EQ(http.path, "/x");
  EXPECT_TRUE(http.reuse);
  EXPECT_FALSE(method_of<TlsCheck>("tls", "verify = false").tls.verify);
}

TEST_F(ConfigTlsCheck, MayVerifyAnAddress) {
  EXPECT_EQ(method_of<TlsCheck>("tls", "server_name = '10.0.0.1'").tls.server_name, "10.0.0.1");
  EXPECT_EQ(method_of<TlsCheck>("tls", "server_name = '::1'").tls.server_name, "::1");
  EXPECT_EQ(method_of<TlsCheck>("tls", "server_name = 'localhost'").tls.server_name, "localhost");
}

TEST_F(ConfigTlsCheck, RefusesANameThatIsNone) {
  EXPECT_THAT(faults("server_name = 'a b'"),
              ElementsAre("hlbd.toml:6:15: \"a b\" is no hostname; use letters, digits, \"-\", "
                          "\"_\" and \".\" only"));
  EXPECT_THAT(faults("server_name = '127.1'"),
              ElementsAre("hlbd.toml:6:15: \"127.1\" is a numeric address, which is never looked "
                          "up; give a hostname"));
}

TEST_F(ConfigTlsCheck, RefusesKeysOfTlsWithoutIt) {
  EXPECT_THAT(
      faults("ca = '" + ca_ + "'", "http"),
      ElementsAre(
          "hlbd.toml:6:1: \"ca\" is for type = \"https\", \"tls\" or \"grpc\" alone; remove "
          "it or change the type"));
  EXPECT_THAT(faults("min_validity = '1d'", "https"),
              ElementsAre("hlbd.toml:6:1: \"min_validity\" is for type = \"tls\" alone; remove it "
                          "or change the type"));
}

TEST_F(ConfigTlsCheck, RefusesKeysThatNeedAnother) {
  EXPECT_THAT(faults("certificate = '" + certificate_ + "'"),
              ElementsAre("hlbd.toml:6:15: \"certificate\" is of no use without \"key\"; add that "
                          "or remove this"));
  EXPECT_THAT(faults("key = '" + key_ + "'"),
              ElementsAre("hlbd.toml:6:7: \"key\" is of no use without \"certificate\"; add that "
                          "or remove this"));
  EXPECT_THAT(faults("verify = false\nca = '" + ca_ + "'"),
              ElementsAre("hlbd.toml:7:6: \"ca\" is of no use with verify = false; remove one of "
                          "them"));
  EXPECT_THAT(faults("fail_early = true"),
              ElementsAre("hlbd.toml:6:14: \"fail_early\" is of no use without \"min_validity\"; "
                          "add it"));
}

TEST_F(ConfigTlsCheck, RefusesAFileThatCannotBeRead) {
  const std::string gone = folder_.path("gone.pem");
  EXPECT_THAT(faults_with_ca(gone), ElementsAre("hlbd.toml:6:6: \"" + gone +
                                                "\" cannot be read: No such file or directory"));
  EXPECT_THAT(faults_with_ca("ca.pem"),
              ElementsAre("hlbd.toml:6:6: \"ca.pem\" is no absolute path; start it with \"/\""));
  EXPECT_THAT(faults_with_ca("/"),
              ElementsAre("hlbd.toml:6:6: \"/\" is not a regular file; give a PEM file"));
  const std::string empty = folder_.file("empty.pem", "");
  EXPECT_THAT(faults_with_ca(empty),
              ElementsAre("hlbd.toml:6:6: \"" + empty + "\" is empty; give a PEM file"));
  const std::string huge = folder_.file("huge.pem", std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(faults_with_ca(huge),
              ElementsAre("hlbd.toml:6:6: \"" + huge + "\" is larger than 1 MiB; give a PEM file"));
  const std::string pipe = folder_.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(faults_with_ca(pipe), ElementsAre("hlbd.toml:6:6: \"" + pipe +
                                                "\" is not a regular file; give a PEM file"));
  EXPECT_THAT(faults_with_ca("/etc/x\\u0000.pem").size(), 1);
}

TEST_F(ConfigTlsCheck, RefusesAFileThatHoldsSomethingElse) {
  const std::string text = folder_.file("text.pem", "nothing of use\n");
  const std::string quoted = "\"" + text + "\" ";
  EXPECT_THAT(faults_with_ca(text),
              ElementsAre("hlbd.toml:6:6: " + quoted +
                          "holds no certificate in PEM; give a file that does"));
  EXPECT_THAT(faults(certificate_and_key(text, key_)),
              ElementsAre("hlbd.toml:6:15: " + quoted +
                          "holds no certificate in PEM; give a file that does"));
  EXPECT_THAT(faults(certificate_and_key(certificate_, text)),
              ElementsAre("hlbd.toml:7:7: " + quoted +
                          "holds no private key in PEM; give a file that does"));
  EXPECT_THAT(faults_with_ca(key_), ElementsAre("hlbd.toml:6:6: \"" + key_ +
                                                "\" holds no certificate in PEM; give a file that "
                                                "does"));
  std::string broken = mine_.pem();
  broken.replace(100, 4, "????");
  EXPECT_THAT(faults(certificate_and_key(folder_.file("broken.pem", broken), key_)),
              ElementsAre("hlbd.toml:6:15: \"" + folder_.path("broken.pem") +
                          "\" cannot be used as certificate: bad base64 decode"));
}

TEST_F(ConfigTlsCheck, RefusesAKeyOfAnotherCertificate) {
  const std::string of_same_type = folder_.file("other.key", issue({}).key_pem());
  EXPECT_THAT(faults(certificate_and_key(certificate_, of_same_type)),
              ElementsAre("hlbd.toml:7:7: \"" + of_same_type +
                          "\" is not the key of the certificate; give the one that was made for "
                          "it"));
  const std::string rsa = folder_.file("rsa.key", issue({.bits = 2048}).key_pem());
  EXPECT_THAT(faults(certificate_and_key(certificate_, rsa)),
              ElementsAre("hlbd.toml:7:7: \"" + rsa +
                          "\" is not the key of the certificate; give the one that was made for "
                          "it"));
}

TEST_F(ConfigTlsCheck, AsksNobodyForAPassphrase) {
  const std::string path = folder_.path("secret.key");
  BIO* file = BIO_new_file(path.c_str(), "w");
  constexpr unsigned char kSecret[] = "secret";
  ASSERT_EQ(PEM_write_bio_PrivateKey(file, mine_.key.get(), EVP_aes_128_cbc(), kSecret, 6, nullptr,
                                     nullptr),
            1);
  BIO_free(file);
  EXPECT_THAT(faults(certificate_and_key(certificate_, path)),
              ElementsAre("hlbd.toml:7:7: \"" + path +
                          "\" is encrypted, and nobody is there to enter a passphrase; decrypt "
                          "it"));
}

}  // namespace
}  // namespace hlb
