#include "probes/http/response_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "probes/http/response_head.h"

namespace hlb::probes {
namespace {

using State = ResponseBody::State;

struct Taken {
  State state = State::incomplete;
  std::string text;
  bool open = false;
};

// Of `text`, a whole response, in pieces of at most `step` bytes, and then closed if asked to.
Taken take(std::string_view text, bool closes = false, std::size_t step = 65536,
           const std::string& method = "GET") {
  HttpCheck check;
  check.method = method;
  ResponseHead head(check);
  std::optional<ResponseBody> body;
  while (!text.empty() && (!body || body->state() == State::incomplete)) {
    const std::size_t room = body ? step : head.space().size();
    const std::string_view piece = text.substr(0, std::min(step, room));
    text.remove_prefix(piece.size());
    if (body) {
      body->take(piece);
      continue;
    }
    std::ranges::copy(piece, head.space().begin());
    if (head.take(piece.size())) body.emplace(head.framing(), true, head.rest());
  }
  if (!body) return {};
  if (closes && body->state() == State::incomplete) body->closed();
  return {body->state(), body->text(), body->leaves_it_open()};
}

const std::string kLength = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhealthy";
const std::string kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\nheal\r\n3;x=y\r\nthy\r\n0\r\nTrailer: z\r\n\r\n";
const std::string kUntilClose = "HTTP/1.1 200 OK\r\n\r\nhealthy";

TEST(ResponseBody, IsToldByAllFramingsHoweverTheBytesArrive) {
  for (const std::string& text : {kLength, kChunked, kUntilClose}) {
    for (const std::size_t step : {1U, 2U, 3U, 7U, 64U, 65536U}) {
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
  EXPECT_EQ(take(head + "\r\n").state, State::malformed);
  EXPECT_EQ(take(head + "2\r\nokno").state, State::malformed);
  EXPECT_EQ(take(head + "fffffffffffffffffff\r\n").state, State::malformed);
  EXPECT_EQ(take(head + "1;" + std::string(20'000, 'x')).state, State::malformed);
}

TEST(ResponseBody, ThereIsNoneInTheReplyToHeadAndWith204And304) {
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", false, 65536, "HEAD").state,
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
  EXPECT_FALSE(take("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok").open);
}

// One reader could take for the next reply what another takes for a part of this one.
TEST(ResponseBody, LeavesTheConnectionOpenOnlyWhenThereIsNoDoubtWhereItEnds) {
  const auto open_after = [](const std::string& fields) {
    const Taken taken = take("HTTP/1.1 200 OK\r\n" + fields + "\r\n\r\n2\r\nok\r\n0\r\n\r\n", true);
    EXPECT_EQ(taken.state, State::complete) << fields;
    return taken.open;
  };
  const std::string chunked = "Transfer-Encoding: chunked";
  const std::string length = "Content-Length: 12";
  EXPECT_TRUE(open_after(chunked));
  EXPECT_TRUE(open_after(length));
  EXPECT_TRUE(open_after("transfer-encoding:\tgzip , Chunked "));
  EXPECT_FALSE(open_after(chunked + "\r\n" + length));
  EXPECT_FALSE(open_after(length + "\r\n" + length));
  EXPECT_FALSE(open_after(length + "\r\nX : a"));
  EXPECT_FALSE(open_after(length + "\r\nX: a\x01"));
  EXPECT_FALSE(open_after(length + "\r\n folded"));
  EXPECT_FALSE(open_after(length + "\nX: a"));
  EXPECT_FALSE(open_after("Content-Length: +12"));
  EXPECT_FALSE(open_after("Transfer-Encoding: chunked, gzip"));
  EXPECT_FALSE(take("HTTP/1.1 200 OK\r\n" + chunked + "\r\n\r\n2\nok\n0\n\n").open);
}

TEST(ResponseBody, IsReadInChunksWhereALengthIsSaidBesides) {
  const Taken taken = take(
      "HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\n2\nok\n0\nTrailer: "
      "z\n\n");
  EXPECT_EQ(taken.state, State::complete);
  EXPECT_EQ(taken.text, "ok");
}

}  // namespace
}  // namespace hlb::probes
