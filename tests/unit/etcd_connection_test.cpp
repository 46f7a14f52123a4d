// Connections to what isn't quite a member of etcd, against real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/read.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fleet/etcd/connect.h"
#include "tests/unit/http2_frames.h"
#include "tests/unit/loopback.h"

namespace hlb::fleet {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace std::string_literals;
using http2::frame;
using http2::Type;
using probes::Backend;
using testing::EndsWith;
using testing::HasSubstr;

const etcd::EtcdPatience kQuick{.handshake = 200ms, .answer = 200ms};

class EtcdConnectionTest : public testing::Test {
 protected:
  // What comes of a connection to a member that does so.
  Answer<std::unique_ptr<Engine>> dial(probes::Behaviour behaviour,
                                       etcd::EtcdPatience patience = {}) {
    const Backend& member = members_.emplace_back(loop_, std::move(behaviour));
    const Connect connect = connect_etcd(loop_.get_executor(), {}, patience);
    return await(connect("http://127.0.0.1:" + std::to_string(member.endpoint().port())));
  }

  template <typename T>
  Answer<T> await(Async<T> asked) {
    std::optional<Answer<T>> answer;
    asio::co_spawn(loop_, std::move(asked), [&](const std::exception_ptr&, Answer<T> given) {
      answer = std::move(given);
      loop_.stop();
    });
    loop_.restart();
    loop_.run_for(20s);
    return std::move(answer).value();
  }

  std::string fault_of(probes::Behaviour behaviour, etcd::EtcdPatience patience = {}) {
    const auto engine = dial(std::move(behaviour), patience);
    return engine ? "none" : engine.error().message;
  }

  asio::io_context loop_{1};
  std::list<Backend> members_;  // as long as the loop, which has their coroutines
};

// Says the same without end, as long as it is read.
probes::Behaviour says_for_ever(std::string first, std::string then) {
  return [first = std::move(first),
          then = std::move(then)](asio::ip::tcp::socket socket) -> asio::awaitable<void> {
    co_await asio::async_write(socket, asio::buffer(first), probes::kAwait);
    boost::system::error_code failed;
    while (!failed) {
      const auto [error, count] =
          co_await asio::async_write(socket, asio::buffer(then), probes::kAwait);
      failed = error;
    }
  };
}

TEST_F(EtcdConnectionTest, IsGivenUpWhenNobodySpeaks) {
  EXPECT_THAT(fault_of(probes::says_and_waits(""), kQuick), EndsWith(": no answer in 200ms"));
}

TEST_F(EtcdConnectionTest, IsGivenUpWhenItTricklesIn) {
  const auto trickles = [](asio::ip::tcp::socket socket) -> asio::awaitable<void> {
    const std::string bytes = http2::frame(Type::settings, 0, 0, std::string(180, '\0'));
    asio::steady_timer pause(socket.get_executor());
    for (const char byte : bytes) {
      pause.expires_after(5ms);
      co_await pause.async_wait(probes::kAwait);
      const auto [error, count] =
          co_await asio::async_write(socket, asio::buffer(&byte, 1), probes::kAwait);
      if (error) co_return;
    }
  };
  EXPECT_THAT(fault_of(trickles, kQuick), EndsWith(": no answer in 200ms"));
}

TEST_F(EtcdConnectionTest, SaysThatItWasClosed) {
  EXPECT_THAT(fault_of(probes::says_and_closes("")),
              EndsWith(": the member has closed the connection"));
  EXPECT_THAT(fault_of(probes::resets()), HasSubstr(": connection reset"));
}

TEST_F(EtcdConnectionTest, SaysThatNobodyListens) {
  const probes::ClosedPort port;
  const Connect connect = connect_etcd(loop_.get_executor(), {});
  const auto engine = await(connect("http://127.0.0.1:" + std::to_string(port.endpoint().port())));
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind, EngineFault::Kind::unavailable);
  EXPECT_THAT(engine.error().message, EndsWith(": connection refused"));
}

TEST_F(EtcdConnectionTest, IsGivenUpWhenNoConnectionComes) {
  const probes::FullBackend full;
  const Connect connect = connect_etcd(loop_.get_executor(), {}, {.connect = 200ms});
  const auto engine = await(connect("http://127.0.0.1:" + std::to_string(full.endpoint().port())));
  ASSERT_FALSE(engine);
  EXPECT_THAT(engine.error().message, EndsWith(": no connection in 200ms"));
}

// The loop has turns for others, whatever a member sends.
TEST_F(EtcdConnectionTest, AFloodLeavesTheLoopToOthers) {
  std::string frames;
  while (frames.size() < 100'000)
    frames += frame(static_cast<Type>(99), 0, 0, "what?");
  auto engine = dial(says_for_ever(http2::settings(), frames), kQuick);
  ASSERT_TRUE(engine);
  int turns = 0;
  asio::steady_timer timer(loop_);
  const std::function<void()> tick = [&] {
    ++turns;
    timer.expires_after(1ms);
    timer.async_wait([&](const boost::system::error_code& error) {
      if (!error) tick();
    });
  };
  tick();
  const auto listing = await(engine->get()->list("/"));
  ASSERT_FALSE(listing);
  EXPECT_THAT(listing.error().message, EndsWith(": no answer in 200ms"));
  EXPECT_GT(turns, 5);
}

TEST_F(EtcdConnectionTest, AFloodThatWantsAnswersEndsIt) {
  std::string pings;
  while (pings.size() < 100'000)
    pings += frame(Type::ping, 0, 0, "12345678");
  const auto engine = dial(says_for_ever(http2::settings(), pings));
  EXPECT_FALSE(engine && await(engine->get()->list("/")));
}

TEST_F(EtcdConnectionTest, ARequestWithoutAReplyIsGivenUp) {
  auto engine = dial(probes::says_and_waits(http2::settings()), kQuick);
  ASSERT_TRUE(engine);
  const auto listing = await(engine->get()->list("/"));
  ASSERT_FALSE(listing);
  EXPECT_THAT(listing.error().message, EndsWith(": no answer in 200ms"));
}

TEST_F(EtcdConnectionTest, WhoeverWaitsGoesOnAfterItsEngineHasGone) {
  auto engine = dial(probes::says_and_waits(http2::settings()));
  ASSERT_TRUE(engine);
  auto watch = engine->get()->watch("/", 0);
  asio::post(loop_, [&] {
    engine->get()->close();
    watch.reset();
    engine->reset();
  });
  const auto news = await(watch->next());
  ASSERT_FALSE(news);
  EXPECT_THAT(news.error().message, EndsWith(": closed"));
}

TEST_F(EtcdConnectionTest, SoItDoesOnceTheWatchAloneHasGone) {
  auto engine = dial(probes::says_and_waits(http2::settings()));
  ASSERT_TRUE(engine);
  auto watch = engine->get()->watch("/", 0);
  asio::post(loop_, [&] { watch.reset(); });
  const auto news = await(watch->next());
  ASSERT_FALSE(news);
  EXPECT_THAT(news.error().message, EndsWith(": closed"));
}

// Answers each request with these messages, one after the other, the last one ever again.
probes::Behaviour replies_in_turn(std::vector<std::string> messages) {
  return [messages = std::move(messages)](asio::ip::tcp::socket socket) -> asio::awaitable<void> {
    constexpr std::size_t kPreface = 24;
    constexpr std::size_t kHead = 9;
    co_await asio::async_write(socket, asio::buffer(http2::settings()), probes::kAwait);
    std::string received(kPreface, '\0');
    co_await asio::async_read(socket, asio::buffer(received), probes::kAwait);
    for (std::size_t replies = 0;;) {
      std::array<unsigned char, kHead> head{};
      const auto [error, count] =
          co_await asio::async_read(socket, asio::buffer(head), probes::kAwait);
      if (error) co_return;
      received.resize(std::size_t{head[1]} << 8U | head[2]);
      co_await asio::async_read(socket, asio::buffer(received), probes::kAwait);
      if (head[3] != static_cast<unsigned char>(Type::data)) continue;
      const std::uint32_t stream = head[kHead - 1];
      const std::string reply =
          http2::response(stream) +
          http2::message(messages[std::min(replies++, messages.size() - 1)], stream) +
          http2::trailers("0", "", stream);
      co_await asio::async_write(socket, asio::buffer(reply), probes::kAwait);
    }
  };
}

TEST_F(EtcdConnectionTest, AListOfPagesIsPutTogether) {
  auto engine =
      dial(replies_in_turn({"\x0a\x02\x18\x07\x12\x03\x0a\x01"
                            "a"
                            "\x18\x01",
                            "\x0a\x02\x18\x09\x12\x03\x0a\x01"
                            "b"}));
  ASSERT_TRUE(engine);
  const auto listing = await(engine->get()->list(""));
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->stand.revision, 7);  // of the first page
  EXPECT_EQ(listing->keys, (std::vector<Change>{{.key = "a", .value = "", .revision = 0},
                                                {.key = "b", .value = "", .revision = 0}}));
}

TEST_F(EtcdConnectionTest, AListThatMakesNoSenseEnds) {
  const std::string one_and_more = "\x12\x03\x0a\x01/\x18\x01";
  const auto listed = [&](std::vector<std::string> messages) {
    auto engine = dial(replies_in_turn(std::move(messages)));
    const auto listing = await(engine.value()->list("/"));
    return listing ? "no fault" : listing.error().message;
  };
  EXPECT_THAT(listed({one_and_more}), EndsWith(": keys out of their order"));  // again and again
  EXPECT_THAT(listed({"\x18\x01"}), EndsWith(": a page without keys"));
  EXPECT_THAT(listed({"\x12\x7f"}), EndsWith(": a reply that makes no sense"));
}

TEST_F(EtcdConnectionTest, NewsAreGivenInTheirOrderAndThenTheFault) {
  auto engine = dial(replies_in_turn({"\x0a\x02\x18\x07\x18\x01"}));
  ASSERT_TRUE(engine);
  const auto watch = engine->get()->watch("/", 0);
  const auto news = await(watch->next());
  ASSERT_TRUE(news);
  EXPECT_EQ(news->stand.revision, 7);
  const auto end = await(watch->next());
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().message, EndsWith(": the member has ended the watch"));
}

}  // namespace
}  // namespace hlb::fleet
