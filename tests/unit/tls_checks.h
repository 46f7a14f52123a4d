// What the tests of checks over TLS share: an authority that the checks trust, and ways to run them
// against a backend with one of its certificates, or with another.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/probes.h"
#include "tests/unit/tls_backend.h"

namespace hlb::probes {

class TlsChecks : public testing::Test {
 protected:
  using Result = Outcome::Result;
  using Evidence = Outcome::Evidence;

  TlsSpec spec() const {
    TlsSpec spec;
    spec.server_name = "app.test";
    spec.ca = ca_file_;
    return spec;
  }
  HttpCheck https() const {
    HttpCheck check = http_check();
    check.tls = spec();
    return check;
  }
  TlsCheck tls() const {
    TlsCheck check;
    check.tls = spec();
    return check;
  }

  // So many attempts of one probe, with time between them for the backend to go on.
  static std::vector<Outcome> attempts(TlsServer& server, TlsBehaviour behaviour,
                                       const CheckMethod& check, int count) {
    asio::io_context loop(1);
    const Backend backend(loop, server.then(std::move(behaviour)));
    return probes::attempts(loop, target_of(backend.endpoint(), check, kPlenty), count);
  }

  static Outcome attempt(TlsServer& server, const CheckMethod& check, TlsBehaviour behaviour) {
    return against(server.then(std::move(behaviour)), check);
  }

  static Outcome against(Behaviour behaviour, const CheckMethod& check,
                         std::chrono::milliseconds timeout = kPlenty) {
    asio::io_context loop(1);
    const Backend backend(loop, std::move(behaviour));
    return run_until_known(
        [&] { return run(loop, target_of(backend.endpoint(), check, timeout)); });
  }

  static void expect_hard(const Outcome& outcome, std::string_view reason) {
    EXPECT_EQ(outcome.result, Result::failed);
    EXPECT_EQ(outcome.evidence, Evidence::hard);
    EXPECT_EQ(outcome.reason, reason);
  }

  inline static const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  const CertificateFolder folder_;
  const Certificate authority_ = authority();
  const std::string ca_file_ = folder_.file("ca.pem", authority_.pem());
  const Certificate good_ = issue({}, &authority_);
};

}  // namespace hlb::probes
