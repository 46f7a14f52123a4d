#include "probes/response_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace hlb::probes {
namespace {

using State = ResponseBody::State;

struct Taken {
  State state = State::incomplete;
  std::string text;
  bool open = false;
};

// Feeds `text`, a whole response, in pieces of at most `step` bytes, and then closes if asked to.
Taken take(std::string_view text, bool closes = false, std::size_t step = 8192,
           const std::string& method = "GET") {
  HttpCheck check;
  check.method = method;
  ResponseHead head(check);
  std::optional<ResponseBody> body;
  while (!text.empty() && (!body || body->state() == State::incomplete)) {
    const auto space = body ? body->space() : head.space();
    const std::size_t count = std::min({step, text.size(), space.size()});
    std::copy_n(text.begin(), count, space.begin());
    text.remove_prefix(count);
    if (body) {
      body->take(count);
    } else if (head.take(count)) {
      body.emplace(head, true);
    }
  }
  if (!body) return {};
  if (closes && body->state() == State::incomplete) body->closed();
  return {body->state(), std::string(body->text()), body->leaves_it_open()};
}

const std::string kLength = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhealthy";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\nheal\r\n3;x=y\r\nthy\r\n0\r\nTrailer: z\r\n\r\n";
const std::string kUntilClose = "HTTP/1.1 200 OK\r\n\r\nhealthy";

TEST(ResponseBody, IsToldByAllFramingsHoweverTheBytesArrive) {
  for (const std::string& text : {kLength, kChunked, kUntilClose}) {
    for (const std::size_t step : {1U, 2U, 3U, 7U, 64U, 8192U}) {
      const Taken taken = take(text, true, step);
      EXPECT_EQ(taken.state, State::complete) << step << " " << text;
      EXPECT_EQ(taken.text, "healthy") << step << " " << text;
    }
  }
}

TEST(ResponseBody, IsIncompleteUntilItsLastByte) {
  for (const std::string& text : {kLength, kChunked}) {
    for (std::size_t length = text.find("\r\n\r\n") + 4; length < text.size(); ++length)
      EXPECT_EQ(take(text.substr(0, length)).state, State::incomplete) << length << " " << text;
  }
  EXPECT_EQ(take(kUntilClose).state, State::incomplete);
}

TEST(ResponseBody, ClosedTooSoonIsMalformed) {
  EXPECT_EQ(take(kLength.substr(0, kLength.size() - 1), true).state, State::malformed);
  EXPECT_EQ(take(kChunked.substr(0, kChunked.size() - 2), true).state, State::malformed);
}

TEST(ResponseBody, BadChunksAreMalformed) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(take(head + "zz\r\n").state, State::malformed);
  EXPECT_EQ(take(head + "1;" + std::string(20'000, 'x')).state, State::malformed);
}

TEST(ResponseBody, ThereIsNoneInTheReplyToHeadAndWith204And304) {
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", false, 8192, "HEAD").state,
            State::complete);
  EXPECT_EQ(take("HTTP/1.1 204 No Content\r\n\r\n").state, State::complete);
  EXPECT_EQ(take("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n").state, State::complete);
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").state, State::complete);
}

TEST(ResponseBody, IsReadUpTo64KiB) {
  const std::string most(kMaxBody, 'x');
  const Taken whole = take("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + most);
  EXPECT_EQ(whole.state, State::complete);
  EXPECT_EQ(whole.text, most);
  const Taken more = take("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n" + most + "more");
  EXPECT_EQ(more.state, State::cut_off);
  EXPECT_EQ(more.text, most);
  EXPECT_FALSE(more.open);
}

TEST(ResponseBody, LeavesTheConnectionOpenOnlyWhenBothSidesMayGoOn) {
  EXPECT_TRUE(take(kLength).open);
  EXPECT_TRUE(take(kChunked).open);
  EXPECT_FALSE(take(kUntilClose, true).open);
  EXPECT_FALSE(take(kLength + "rest").open);
  EXPECT_FALSE(take("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").open);
  EXPECT_FALSE(take("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").open);
  EXPECT_TRUE(
      take("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok").open);
}

}  // namespace
}  // namespace hlb::probes
