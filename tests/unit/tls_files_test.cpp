// The files of checks over TLS: those of the system, and any that hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "probes/tls/stream.h"
#include "tests/unit/folder.h"
#include "tests/unit/hung_file.h"
#include "tests/unit/tls_checks.h"
#include "tls/settings.h"

namespace hlb::probes {
namespace {

using testing::EndsWith;

// ---- files that hang ---------------------------------------------------------------------------

class TlsFilesThatHang : public TlsChecks {
 protected:
  // Attempts until one has that result, or for so long that none ever will.
  Outcome run_until(Result result) {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    Outcome outcome = run(loop_, *probe_);
    while (outcome.result != result && std::chrono::steady_clock::now() < deadline)
      outcome = run(loop_, *probe_);
    return outcome;
  }

  TlsServer server_{good_};
  asio::io_context loop_{1};
  const Backend backend_{loop_, server_.then(replies(kOk))};
  const Target target_ = target_of(backend_.endpoint(), https(), kPlenty);
  Prober prober_{loop_.get_executor()};
  const std::unique_ptr<Probe> probe_ = prober_.make(target_);
  HungFile hung_{folder_.path("hung.pem")};
};

TEST_F(TlsFilesThatHang, AreUnknownUntilTheyCanBeRead) {
  hung_.take_place_of(ca_file_);
  const Outcome outcome = run(loop_, *probe_);
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.reason, "no probe: can't be read at the moment: " + ca_file_);
  hung_.let_go(authority_.pem());
  EXPECT_EQ(run_until(Result::passed).reason, "HTTP 200 OK");
}

TEST_F(TlsFilesThatHang, HaveTheOldOnesServeUntilTheyCanBeRead) {
  EXPECT_EQ(run_until(Result::passed).reason, "HTTP 200 OK");
  const Certificate other = authority("Other Authority");
  hung_.take_place_of(ca_file_);
  for (int attempt = 0; attempt < 3; ++attempt)
    EXPECT_EQ(run(loop_, *probe_).reason, "HTTP 200 OK");
  hung_.let_go(other.pem());
  EXPECT_EQ(run_until(Result::failed).reason,
            "certificate of an unknown authority: Test Authority");
}

TEST_F(TlsFilesThatHang, DoNotHoldAnAttemptThatIsCancelled) {
  hung_.take_place_of(ca_file_);
  Attempt attempt(loop_, *probe_);
  loop_.restart();
  loop_.poll();
  attempt.cancel();
  loop_.poll();
  ASSERT_TRUE(attempt.outcome());
  EXPECT_EQ(attempt.outcome()->reason, "cancelled");
}

// ---- the authorities of the system -------------------------------------------------------------

// Where OpenSSL looks for them, for as long as a test lasts.
class SystemAuthorities : public testing::Test {
 protected:
  SystemAuthorities() {
    std::filesystem::create_directory(folder_.file("certs"));
    ::setenv(X509_get_default_cert_file_env(), file_.c_str(), 1);
    const std::string folders = folder_.file("gone") + ":" + folder_.file("certs");
    ::setenv(X509_get_default_cert_dir_env(), folders.c_str(), 1);
  }
  ~SystemAuthorities() override {
    ::unsetenv(X509_get_default_cert_file_env());
    ::unsetenv(X509_get_default_cert_dir_env());
  }

  // In the folder, by the name that OpenSSL looks for.
  void put_in_folder(const Certificate& authority) {
    std::array<char, 16> name;
    const unsigned long hash = X509_subject_name_hash(authority.certificate.get());
    std::snprintf(name.data(), name.size(), "%08lx.0", hash);
    write_file(folder_.file("certs") + "/" + name.data(), authority.pem());
  }

  tls::TlsLook look(const std::optional<tls::FileStamps>& before = std::nullopt) const {
    TlsSpec spec;
    spec.server_name = "app.test";
    return tls::look_at(spec, before, TlsStream::prepare);
  }

  static bool trusts(const tls::TlsSettings& settings, const Certificate& certificate) {
    X509_STORE_CTX* verification = X509_STORE_CTX_new();
    X509_STORE_CTX_init(verification, SSL_CTX_get_cert_store(settings.get()),
                        certificate.certificate.get(), nullptr);
    const bool valid = X509_verify_cert(verification) == 1;
    X509_STORE_CTX_free(verification);
    return valid;
  }

  Folder folder_;
  const std::string file_ = folder_.file("bundle.pem");
  const Certificate one_ = authority("One");
  const Certificate other_ = authority("Other");
};

TEST_F(SystemAuthorities, AreReadFromFileAndFolderBeforeAnybodyNeedsThem) {
  write_file(file_, one_.pem());
  put_in_folder(other_);
  const tls::TlsLook found = look();
  EXPECT_EQ(found.fault, "");
  ASSERT_NE(found.settings, nullptr);
  std::filesystem::remove_all(folder_.file("certs"));
  EXPECT_TRUE(trusts(found.settings, issue({}, &one_)));
  EXPECT_TRUE(trusts(found.settings, issue({}, &other_)));
  EXPECT_FALSE(trusts(found.settings, issue({})));
}

TEST_F(SystemAuthorities, AreReadAgainOnlyWhenFileOrFolderHasChanged) {
  write_file(file_, one_.pem());
  const tls::TlsLook first = look();
  EXPECT_EQ(look(first.stamps).settings, nullptr);
  put_in_folder(other_);
  const tls::TlsLook second = look(first.stamps);
  ASSERT_NE(second.settings, nullptr);
  EXPECT_TRUE(trusts(second.settings, issue({}, &other_)));
  std::filesystem::remove(file_);
  const tls::TlsLook third = look(second.stamps);
  ASSERT_NE(third.settings, nullptr);
  EXPECT_FALSE(trusts(third.settings, issue({}, &one_)));
}

TEST_F(SystemAuthorities, AreNoneWhereNoneAre) {
  write_file(folder_.file("certs") + "/0123abcd.0", "no certificate");
  write_file(folder_.file("certs") + "/README", other_.pem());
  const tls::TlsLook found = look();
  EXPECT_EQ(found.fault, "");
  ASSERT_NE(found.settings, nullptr);
  EXPECT_FALSE(trusts(found.settings, issue({}, &other_)));
}

TEST_F(SystemAuthorities, AreNotTakenForNoneForWantOfDescriptors) {
  write_file(file_, one_.pem());
  const NoDescriptors none;
  const tls::TlsLook found = look();
  EXPECT_EQ(found.settings, nullptr);
  EXPECT_THAT(found.fault, EndsWith(": Too many open files"));
}

}  // namespace
}  // namespace hlb::probes
