#include "probes/http/response_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "probes/reason.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;

const std::string kOkResponse = "HTTP/1.1 200 OK\r\nServer: test\r\nContent-Length: 2\r\n\r\nok";
const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Feeds `text` in pieces of at most `step` bytes, until the verdict.
std::optional<Outcome> feed(ResponseHead& head, std::string_view text, std::size_t step) {
  while (!text.empty()) {
    const auto space = head.space();
    const std::size_t count = std::min({step, text.size(), space.size()});
    std::copy_n(text.begin(), count, space.begin());
    text.remove_prefix(count);
    if (auto verdict = head.take(count)) return verdict;
  }
  return std::nullopt;
}

const HttpCheck kHttpCheck;

std::optional<Outcome> judge(std::string_view text, std::size_t step = 65536) {
  ResponseHead head(kHttpCheck);
  return feed(head, text, step);
}

std::string reason_of(std::string_view text) {
  const auto verdict = judge(text);
  return verdict ? verdict->reason : "no verdict";
}

std::string status_line(const std::string& status) {
  return "HTTP/1.1 " + status + "\r\n\r\n";
}

TEST(ResponseHead, StatusesFrom200To399Pass) {
  for (const char* status : {"200 OK", "204 No Content", "301 Moved", "399 Odd"}) {
    const auto verdict = judge(status_line(status));
    ASSERT_TRUE(verdict) << status;
    EXPECT_EQ(verdict->result, Result::passed) << status;
    EXPECT_EQ(verdict->reason, std::string("HTTP ") + status);
  }
}

TEST(ResponseHead, OtherStatusesAreHardFailures) {
  for (const char* status : {"400 Bad Request", "404 Not Found", "500 Internal Server Error",
                             "101 Switching Protocols", "999 Odd"}) {
    const auto verdict = judge(status_line(status));
    ASSERT_TRUE(verdict) << status;
    EXPECT_EQ(verdict->result, Result::failed) << status;
    EXPECT_EQ(verdict->evidence, Outcome::Evidence::hard) << status;
    EXPECT_EQ(verdict->reason, std::string("HTTP ") + status);
  }
}

TEST(ResponseHead, OnlyTheStatusesThatAreExpectedPass) {
  HttpCheck check;
  check.expect_status = {{200, 204}, {401, 401}};
  const auto passes = [&](const std::string& status) {
    ResponseHead head(check);
    const auto verdict = feed(head, status_line(status), 65536);
    return verdict && verdict->result == Result::passed;
  };
  for (const char* status : {"200 OK", "204 No Content", "401 Unauthorized"})
    EXPECT_TRUE(passes(status)) << status;
  for (const char* status : {"199 Odd", "205 Reset Content", "302 Found", "400 Bad", "402 Pay"})
    EXPECT_FALSE(passes(status)) << status;
}

TEST(ResponseHead, AStatusThatMeansDrainPassesWithThatAdviceAndAnotherPassLiftsIt) {
  HttpCheck check;
  check.drain_status = {{503, 503}, {520, 529}};
  const auto judged = [&](const std::string& status) {
    ResponseHead head(check);
    return feed(head, status_line(status), 65536).value_or(Outcome::not_known("no verdict"));
  };
  const Outcome drains = judged("503 Service Unavailable");
  EXPECT_EQ(drains.result, Result::passed);
  EXPECT_EQ(drains.reason, "HTTP 503 Service Unavailable, which means drain");
  EXPECT_EQ(drains.advice, (Advice{.weight_percent = std::nullopt, .drained = true}));
  EXPECT_EQ(judged("529 Odd").advice.drained, true);
  EXPECT_EQ(judged("200 OK").advice.drained, false);
  EXPECT_EQ(judged("500 Internal Server Error").advice, Advice{});
  EXPECT_EQ(judge(status_line("200 OK"))->advice, Advice{});
}

TEST(ResponseHead, TellsTheStatusAndWhatComesAfterTheHead) {
  ResponseHead head(kHttpCheck);
  EXPECT_EQ(head.status(), 0U);
  ASSERT_TRUE(feed(head, kOkResponse, 65536));
  EXPECT_EQ(head.status(), 200U);
  EXPECT_EQ(head.status_line(), "HTTP 200 OK");
  EXPECT_EQ(head.rest(), "ok");
  ResponseHead garbage(kHttpCheck);
  ASSERT_TRUE(feed(garbage, "SSH-2.0\r\n", 65536));
  EXPECT_EQ(garbage.status(), 0U);
}

TEST(ResponseHead, ARedirectSaysWhereTo) {
  EXPECT_EQ(reason_of("HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n"),
            "HTTP 302 Found, Location: /login");
}

TEST(ResponseHead, AnEmptyPhraseIsFilledIn) {
  EXPECT_EQ(reason_of(status_line("404 ")), "HTTP 404 Not Found");
}

TEST(ResponseHead, Http10Passes) {
  EXPECT_EQ(reason_of("HTTP/1.0 200 OK\r\n\r\n"), "HTTP 200 OK");
}

TEST(ResponseHead, InterimResponsesAreSkipped) {
  EXPECT_EQ(reason_of(kContinue + kContinue + kOkResponse), "HTTP 200 OK");
}

TEST(ResponseHead, InterimResponsesWithoutEndFail) {
  std::string endless;
  while (endless.size() <= 65536)
    endless += kContinue;
  EXPECT_EQ(reason_of(endless), "response head over 64 KiB");
}

TEST(ResponseHead, AHugeBodyIsNoFault) {
  EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "HTTP 200 OK");
}

TEST(ResponseHead, HeadersWithoutEndFail) {
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() <= 65536)
    endless += "X-Filler: more and more of it\r\n";
  EXPECT_EQ(reason_of(endless), "response head over 64 KiB");
  EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')),
            "response head over 64 KiB");
  EXPECT_EQ(reason_of("HTTP/1.1 200 " + std::string(70'000, 'x')), "response head over 64 KiB");
}

TEST(ResponseHead, GarbageIsShownEscaped) {
  EXPECT_EQ(reason_of("SSH-2.0-OpenSSH_9.2\r\n"),
            "not an HTTP response: SSH-2.0-OpenSSH_9.2\\r\\n");
  EXPECT_EQ(reason_of(std::string("\x16\x03\x01\0\xff", 5)),
            "not an HTTP response: \\x16\\x03\\x01\\x00\\xff");
}

TEST(ResponseHead, AWrongStatusLineIsNotHttp) {
  EXPECT_EQ(reason_of("HTTP/2.0 200 OK\r\n\r\n"),
            "not an HTTP response: HTTP/2.0 200 OK\\r\\n\\r\\n");
  EXPECT_EQ(reason_of("HTTP/1.1 xx OK\r\n\r\n"),
            "not an HTTP response: HTTP/1.1 xx OK\\r\\n\\r\\n");
}

TEST(ResponseHead, StatusesThatAreNoneAreNotHttp) {
  for (const char* line :
       {"HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 099 Odd", "HTTP/1.1", "HTTP/1.1200",
        "HTTP/1.x 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200-OK", "http/1.1 200 OK"}) {
    const std::string reason = reason_of(std::string(line) + "\r\n\r\n");
    EXPECT_TRUE(reason.starts_with("not an HTTP response: ")) << line << ": " << reason;
  }
}

TEST(ResponseHead, NeedsNoPhraseAndNoSingleSpace) {
  EXPECT_EQ(reason_of(status_line("200")), "HTTP 200 OK");
  EXPECT_EQ(reason_of(status_line("299")), "HTTP 299");
  EXPECT_EQ(reason_of(status_line(" 200  fine ")), "HTTP 200 fine");
}

TEST(ResponseHead, LinesMayEndWithLineFeedsAlone) {
  EXPECT_EQ(reason_of("HTTP/1.1 302 Found\nLocation: /login\n\nbody"),
            "HTTP 302 Found, Location: /login");
  EXPECT_EQ(reason_of("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n\r\n"), "HTTP 200 OK");
}

TEST(ResponseHead, WhatACheckHasNoUseForNeedNotMakeSense) {
  for (const char* field : {"no colon here",
                            "X-A: a\x01"
                            "b",
                            " folded", "a b : c", ": d", "Content-Length: x",
                            "Content-Length: 2\r\nTransfer-Encoding: chunked", "\xff\xfe: \xff"}) {
    EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\n" + std::string(field) + "\r\n\r\n"), "HTTP 200 OK")
        << field;
  }
}

TEST(ResponseHead, MayBeNearly64KiBLong) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(65'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(reason_of(head), "HTTP 200 OK");
  EXPECT_EQ(judge(head, 1000)->reason, "HTTP 200 OK");
}

TEST(ResponseHead, ReasonsAreBoundedAndPrintable) {
  const std::string wild(3000, '\xe9');
  for (const std::string& text : {wild, "HTTP/1.1 200 " + wild + "\r\n\r\n",
                                  "HTTP/1.1 302 " + wild + "\r\nLocation: /" + wild + "\r\n\r\n"}) {
    const std::string reason = reason_of(text);
    EXPECT_LE(reason.size(), kMaxReason);
    EXPECT_GT(reason.size(), 40U);
    EXPECT_TRUE(std::all_of(reason.begin(), reason.end(), [](char byte) {
      return byte >= ' ' && byte <= '~';
    })) << reason;
  }
}

TEST(ResponseHead, TheVerdictDoesNotDependOnHowTheBytesArrive) {
  for (const std::string& text :
       {kOkResponse, kContinue + kOkResponse, status_line("500 Internal Server Error"),
        std::string("HTTP/1.1 302 Found\r\nA: b\r\nLocation: /login\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\nA: b\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nX: ") + std::string(70'000, 'x')}) {
    for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 16U, 1000U}) {
      const auto verdict = judge(text, step);
      ASSERT_TRUE(verdict) << step << " " << text.substr(0, 60);
      EXPECT_EQ(verdict->reason, reason_of(text)) << step;
    }
  }
}

TEST(ResponseHead, HeadersLineByLineWithoutEndFail) {
  ResponseHead head(kHttpCheck);
  std::optional<Outcome> verdict = feed(head, "HTTP/1.1 200 OK\r\n", 17);
  for (int line = 0; !verdict && line < 10'000; ++line)
    verdict = feed(head, "X: filler\r\n", 11);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, "response head over 64 KiB");
}

TEST(ResponseHead, EveryProperPrefixAwaitsMore) {
  const std::string head = kOkResponse.substr(0, kOkResponse.size() - 2);
  for (std::size_t length = 0; length < head.size(); ++length) {
    EXPECT_FALSE(judge(std::string_view(head).substr(0, length))) << length;
  }
}

TEST(ResponseHead, ClosingIsToldByWhatHadArrived) {
  const ResponseHead silent(kHttpCheck);
  EXPECT_FALSE(silent.begun());
  EXPECT_EQ(silent.closed().reason, "connection closed before any response");
  ResponseHead half(kHttpCheck);
  EXPECT_FALSE(feed(half, "HTTP/1.1 200", 100));
  EXPECT_TRUE(half.begun());
  EXPECT_EQ(half.closed().reason, "connection closed within the response head");
}

}  // namespace
}  // namespace hlb::probes
