// The HTTP endpoint at a unix socket, with clients that behave and others.
#include "operators/web/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "tests/unit/folder.h"

namespace hlb::web {
namespace {

namespace asio = boost::asio;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;
using Monotonic = std::chrono::steady_clock;

constexpr auto kLastLine = "the last line\n";

// A connected client. What it is sent is read when a test asks for it.
class Client {
 public:
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view text) const { ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }

  // Takes in what has come.
  void read() {
    std::array<char, 65536> bytes{};
    for (;;) {
      const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (count <= 0) {
        ended = ended || count == 0 || (errno != EAGAIN && errno != EINTR);
        return;
      }
      received.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }

  bool has_something() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }

  bool ended = false;  // by the other side
  std::string received;

 private:
  int fd_;
};

class WebServerTest : public testing::Test {
 protected:
  WebServerTest() { serve({}); }

  void serve(WebServer::Limits limits) {
    server_.emplace(loop_.get_executor(), [this](const Wish& wish) { return site(wish); }, limits);
    EXPECT_FALSE(server_->serve_at(path_));
  }

  // A long text at /metrics.
  std::optional<Content> site(const Wish& wish) {
    if (wish.path != "/metrics") return std::nullopt;
    return Content{.key = "metrics",
                   .type = wish.open_metrics ? "open" : "plain",
                   .policy = "",
                   .available = true,
                   .make = [this] { return text(); }};
  }

  AddPart text() {
    ++made_;
    return [left = lines_ + 1](std::string& to) mutable {
      for (int i = 0; i < 10 && left > 1; ++i, --left)
        to += "a line of a text that is as long as these are, for there are many of them\n";
      if (left == 1) to += kLastLine;
      return left-- > 0;
    };
  }

  // Turns the loop until `done`, or for so long that it will never be.
  bool run_until(const std::function<bool()>& done) {
    const auto deadline = Monotonic::now() + 20s;
    while (!done() && Monotonic::now() < deadline) {
      loop_.restart();
      loop_.run_one_for(10ms);
    }
    return done();
  }

  void run_for(std::chrono::milliseconds time) {
    const auto end = Monotonic::now() + time;
    run_until([&] { return Monotonic::now() >= end; });
  }

  bool wait_for(Client& client, const std::string& text) {
    return run_until([&] {
      client.read();
      return client.received.find(text) != std::string::npos;
    });
  }

  bool wait_for_end(Client& client) {
    return run_until([&] {
      client.read();
      return client.ended;
    });
  }

  // The whole answer to a request after which the connection is closed.
  std::string answer(const std::string& request) {
    Client client(path_);
    client.send(request);
    EXPECT_TRUE(wait_for_end(client));
    return client.received;
  }

  asio::io_context loop_{1};
  Folder folder_;
  std::string path_ = folder_.file("metrics.sock");
  std::size_t lines_ = 1;
  int made_ = 0;  // texts
  std::optional<WebServer> server_;
};

constexpr auto kGet = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr auto kGetAndClose = "GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

TEST_F(WebServerTest, AnswersWithWhatIsThere) {
  const std::string text = answer(kGetAndClose);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Type: plain\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Security-Policy: default-src 'none'\r\n"));
  EXPECT_THAT(text, EndsWith(kLastLine));
}

TEST_F(WebServerTest, TakesParametersAndHttp10) {
  EXPECT_THAT(answer("GET /metrics?a=b HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 200 OK\r\n"));
}

TEST_F(WebServerTest, AnswersAHeadWithTheHeadAlone) {
  const std::string whole = answer(kGetAndClose);
  const std::string head = answer("HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST_F(WebServerTest, KeepsTheConnectionForFurtherRequests) {
  Client client(path_);
  for (int i = 0; i < 3; ++i) {
    client.received.clear();
    client.send(kGet);
    ASSERT_TRUE(wait_for(client, kLastLine));
    EXPECT_FALSE(client.ended);
  }
  client.received.clear();
  client.send(std::string(kGet) + kGetAndClose);  // one after the other
  ASSERT_TRUE(wait_for_end(client));
  EXPECT_NE(client.received.find("HTTP/1.1 200 OK", 1), std::string::npos);
}

TEST_F(WebServerTest, SaysWhatElseIsThere) {
  EXPECT_THAT(answer("GET /metrics/ HTTP/1.1\r\nConnection: close\r\n\r\n"),
              testing::AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"), EndsWith("a page at /\n")));
}

TEST_F(WebServerTest, SaysWhatItTakes) {
  for (const std::string request :
       {"DELETE /metrics HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    EXPECT_THAT(answer(request), testing::AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"),
                                                HasSubstr("\r\nAllow: GET, HEAD\r\n")))
        << request;
  }
}

TEST_F(WebServerTest, RefusesWhatIsNoRequest) {
  const std::string bad = "HTTP/1.1 400 Bad Request\r\n";
  EXPECT_THAT(answer("\x16\x03\x01\x02"), StartsWith(bad));
  EXPECT_THAT(answer("GET /metrics\r\n\r\n"), StartsWith(bad));
  EXPECT_THAT(answer("GET /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde"), StartsWith(bad));
  EXPECT_THAT(answer("GET /metrics HTTP/1.1\r\nX: " + std::string(8192, 'x')), StartsWith(bad));
}

TEST_F(WebServerTest, EndsAClientThatIsSlow) {
  serve({.request = 100ms, .idle = 100ms});
  Client silent(path_);
  EXPECT_TRUE(wait_for_end(silent));
  Client half(path_);
  half.send("GET /metr");
  EXPECT_TRUE(wait_for_end(half));
  EXPECT_EQ(half.received, "");
  Client idle(path_);
  idle.send(kGet);
  ASSERT_TRUE(wait_for(idle, kLastLine));
  EXPECT_TRUE(wait_for_end(idle));
}

TEST_F(WebServerTest, EndsAClientThatTakesNothing) {
  lines_ = 40'000;  // more than a socket buffers
  serve({.response = 200ms});
  Client client(path_);
  client.send(kGet);
  ASSERT_TRUE(run_until([&] { return client.has_something(); }));
  run_for(600ms);
  EXPECT_TRUE(wait_for_end(client));
  EXPECT_THAT(client.received, Not(EndsWith(kLastLine)));
}

TEST_F(WebServerTest, TheOldestLosesItsPlaceToWhoIsOneTooMany) {
  serve({.connections = 2});
  Client oldest(path_);
  Client other(path_);
  run_for(50ms);  // both have their places
  Client third(path_);
  EXPECT_TRUE(wait_for_end(oldest));
  for (Client* client : {&other, &third}) {
    client->send(kGet);
    EXPECT_TRUE(wait_for(*client, kLastLine));
  }
}

TEST_F(WebServerTest, WhoLosesItsPlaceWhileATextIsMadeGetsNone) {
  serve({.connections = 2});
  lines_ = 40'000;
  std::deque<Client> clients;
  for (int i = 0; i < 10; ++i)
    clients.emplace_back(path_).send(kGet);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(wait_for_end(clients[i]));
    EXPECT_EQ(clients[i].received, "");
  }
  EXPECT_TRUE(wait_for(clients[8], kLastLine) && wait_for(clients[9], kLastLine));
}

TEST_F(WebServerTest, ForgetsClientsThatHangUp) {
  for (int i = 0; i < 100; ++i) {  // of which 32 could be there at a time
    Client client(path_);
    client.send(kGet);
    ASSERT_TRUE(wait_for(client, kLastLine)) << "client " << i;
  }
}

TEST_F(WebServerTest, LetsTheLoopWorkBetweenTheParts) {
  lines_ = 5'000;
  Client client(path_);
  client.send(kGet);
  int turns = 0;
  std::function<void()> turn = [&] {
    ++turns;
    asio::post(loop_, turn);
  };
  asio::post(loop_, turn);
  ASSERT_TRUE(wait_for(client, "HTTP/1.1 200 OK"));
  EXPECT_GT(turns, 20);
}

TEST_F(WebServerTest, MakesOneTextForAllWhoAskWhileAnotherIsMade) {
  lines_ = 5'000;
  std::deque<Client> clients;
  for (int i = 0; i < 10; ++i)
    clients.emplace_back(path_).send(kGet);
  for (Client& client : clients)
    EXPECT_TRUE(wait_for(client, kLastLine));
  EXPECT_LE(made_, 2);
}

TEST_F(WebServerTest, MakesFewTextsForClientsThatTakeNone) {
  lines_ = 40'000;  // more than a socket buffers
  constexpr int kClients = 30;
  std::deque<Client> clients;
  for (int i = 0; i < kClients; ++i) {
    const Client& client = clients.emplace_back(path_);
    client.send(kGet);
    ASSERT_TRUE(run_until([&] { return client.has_something(); }));
  }
  EXPECT_LT(made_, kClients / 2);
}

TEST_F(WebServerTest, IsOpenToAllUsers) {
  struct stat status{};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0666U);
}

TEST_F(WebServerTest, TakesThePlaceOfASocketButOfNothingElse) {
  WebServer second(loop_.get_executor(), [this](const Wish& wish) { return site(wish); });
  EXPECT_FALSE(second.serve_at(path_));
  const std::string file = folder_.file("kept");
  write_file(file, "kept");
  EXPECT_EQ(second.serve_at(file), std::errc::file_exists);
  EXPECT_EQ(std::filesystem::file_size(file), 4U);
  EXPECT_EQ(second.serve_at(folder_.file("missing/metrics.sock")),
            std::errc::no_such_file_or_directory);
}

TEST_F(WebServerTest, LeavesNothingBehindWhenItCloses) {
  Client client(path_);
  client.send(kGet);
  ASSERT_TRUE(wait_for(client, kLastLine));
  server_->close();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(wait_for_end(client));
  EXPECT_FALSE(server_->serve_at(path_));
  EXPECT_THAT(answer(kGetAndClose), EndsWith(kLastLine));
}

TEST_F(WebServerTest, EndsItsClientsWhenItGoesWhateverTheyAwait) {
  lines_ = 40'000;  // more than a socket buffers
  const Client taking(path_);
  taking.send(kGet);
  ASSERT_TRUE(run_until([&] { return taking.has_something(); }));
  Client silent(path_);
  Client half(path_);
  half.send("GET /metr");
  Client waiting(path_);
  waiting.send(kGet);
  ASSERT_TRUE(run_until([&] { return made_ == 2; }));
  asio::post(loop_, [&] { server_.reset(); });
  for (Client* client : {&silent, &half, &waiting}) {
    EXPECT_TRUE(wait_for_end(*client));
    EXPECT_EQ(client->received, "");
  }
  EXPECT_TRUE(run_until([&] { return loop_.stopped(); })) << "something is left";
}

}  // namespace
}  // namespace hlb::web
