// The server's end of a peer connection: what a program may say, and what it is told.
#include "publish/peer_protocol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "libnss_hlb/wire.h"
#include "published.h"

namespace hlb::publish {
namespace {

// One connection to a hlbd that knows app.local.
class Connection {
 public:
  // False once the program is not listened to any more.
  bool say(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const auto space = protocol_.space();
      const std::size_t count = std::min(space.size(), bytes.size());
      std::copy_n(bytes.begin(), count, space.begin());
      if (!protocol_.take(count)) return false;
      bytes = bytes.subspan(count);
    }
    return true;
  }
  bool say(std::string_view text) {
    return say({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }

  wire::Reply::Kind reply() const { return wire::parse_reply(protocol_.output()).kind; }
  std::string heard() const {
    return {reinterpret_cast<const char*>(protocol_.output().data()), protocol_.output().size()};
  }
  void decide() {
    record_ = Sample().backend("10.0.0.1").record();
    protocol_.answers_changed();
  }
  void undecide() { record_ = Sample().undecided().backend("10.0.0.1").record(); }

 private:
  std::vector<std::uint8_t> record_ = Sample().backend("10.0.0.1").record();
  PeerProtocol::Find find_ = [this](const Name& name) {
    return name.text() == "app.local" ? record::View::over(record_) : record::View();
  };
  PeerProtocol protocol_{find_};
};

using Kind = wire::Reply::Kind;

constexpr std::size_t kOpening = 31;  // of a request: the NUL, AUTH and BEGIN

TEST(PeerProtocol, AnswersTheModulesRequest) {
  Connection connection;
  EXPECT_TRUE(connection.say(wire::Request(Name("app.local")).bytes()));
  EXPECT_EQ(connection.reply(), Kind::record);
}

TEST(PeerProtocol, AnswersARequestThatComesByteByByte) {
  Connection connection;
  const wire::Request request{Name("app.local")};
  for (const std::uint8_t& byte : request.bytes())
    ASSERT_TRUE(connection.say({&byte, 1}));
  EXPECT_EQ(connection.reply(), Kind::record);
}

TEST(PeerProtocol, SaysThatANameIsNoServices) {
  Connection connection;
  EXPECT_TRUE(connection.say(wire::Request(Name("foreign.example")).bytes()));
  EXPECT_EQ(connection.reply(), Kind::no_such_service);
}

TEST(PeerProtocol, HoldsAnUndecidedAnswerBackUntilItIsKnown) {
  Connection connection;
  connection.undecide();
  EXPECT_TRUE(connection.say(wire::Request(Name("app.local")).bytes()));
  EXPECT_EQ(connection.reply(), Kind::incomplete);
  connection.decide();
  EXPECT_EQ(connection.reply(), Kind::record);
}

TEST(PeerProtocol, TakesTheUsualWaysToAuthenticate) {
  for (const char* auth : {"AUTH EXTERNAL 30\r\n", "AUTH ANONYMOUS 686c62\r\n"}) {
    Connection connection;
    EXPECT_TRUE(connection.say(std::string_view("\0", 1)));
    EXPECT_TRUE(connection.say(auth));
    EXPECT_TRUE(connection.heard().starts_with("OK ")) << auth;
  }
  Connection connection;
  EXPECT_TRUE(connection.say(std::string_view("\0AUTH EXTERNAL\r\n", 16)));
  EXPECT_EQ(connection.heard(), "DATA\r\n");
}

TEST(PeerProtocol, RefusesWhatItDoesNotKnowAndGoesOn) {
  Connection connection;
  EXPECT_TRUE(connection.say(std::string_view("\0AUTH\r\nNEGOTIATE_UNIX_FD\r\n", 26)));
  EXPECT_EQ(connection.heard(), "REJECTED EXTERNAL ANONYMOUS\r\nERROR\r\n");
}

TEST(PeerProtocol, StopsListeningToWhatIsNoDBus) {
  EXPECT_FALSE(Connection().say("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(Connection().say(std::string_view("\0BEGIN\r\nGET / HTTP/1.1\r\n\r\n", 26)));
}

TEST(PeerProtocol, StopsListeningToEndlessLinesAndHugeMessages) {
  Connection endless;
  EXPECT_TRUE(endless.say(std::string_view("\0", 1)));
  EXPECT_FALSE(endless.say(std::string(10'000, 'x')));

  const std::string huge("\0BEGIN\r\nl\1\0\1\xff\xff\xff\x0f\1\0\0\0\0\0\0\0", 24);
  EXPECT_FALSE(Connection().say(huge));
}

TEST(PeerProtocol, StopsListeningToWhoeverSendsAnythingButCalls) {
  const std::string signal("l\4\0\1\0\0\0\0\1\0\0\0\0\0\0\0", 16);
  Connection connection;
  EXPECT_TRUE(connection.say(std::string_view("\0BEGIN\r\n", 8)));
  EXPECT_FALSE(connection.say(signal));
}

TEST(PeerProtocol, StopsListeningToAProgramThatAsksAndNeverReads) {
  Connection connection;
  const wire::Request request{Name("app.local")};
  ASSERT_TRUE(connection.say(request.bytes()));
  const auto call = request.bytes().subspan(kOpening);
  bool listened_to = true;
  for (int i = 0; i < 100'000 && listened_to; ++i)
    listened_to = connection.say(call);
  EXPECT_FALSE(listened_to);
}

}  // namespace
}  // namespace hlb::publish
