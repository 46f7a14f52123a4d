// hlbd's side of ending connections, before a helper of the test's own.
#include "connections/closer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "helpers/packets.h"
#include "tests/unit/fake_world.h"
#include "tests/unit/folder.h"
#include "tests/unit/scripts.h"

namespace hlb::connections {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Listens as hlb-connections does.
class FakeHelper {
 public:
  explicit FakeHelper(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 8);
  }

  // Answers all that was asked, with these counts for each of the doomed, and this error.
  void answer(std::uint32_t count, int error = 0) {
    accept();
    while (const auto request = next()) {
      asked.push_back(*request);
      const EndReply reply{request->id, error,
                           std::vector<std::uint32_t>(request->doomed.size(), count)};
      helpers::send(client_.get(), encode(reply));
    }
  }
  void say(const helpers::Bytes& bytes) {
    accept();
    helpers::send(client_.get(), bytes);
  }
  void hang_up() { client_ = FileDescriptor(-1); }
  bool has_client() {
    accept();
    helpers::PacketSpace space;
    const auto packet = helpers::receive(client_.get(), space);
    return client_.valid() && (packet || packet.error() == helpers::NoPacket::yet);
  }

  std::vector<EndRequest> asked;

 private:
  void accept() {
    FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.valid()) client_ = std::move(client);
  }
  std::optional<EndRequest> next() {
    helpers::PacketSpace space;
    const auto packet = helpers::receive(client_.get(), space);
    return packet ? decode_request(*packet) : std::nullopt;
  }

  FileDescriptor listener_{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  FileDescriptor client_{-1};
};

ServiceSpec closing(const std::string& name, const std::string& first, const std::string& second,
                    CloseConnections rule = CloseConnections::all) {
  ServiceSpec service = plain_service(name, {first, second});
  service.close_connections = rule;
  return service;
}

class CloserTest : public testing::Test {
 protected:
  CloserTest() {
    world_.on_change = [this](const BackendChange& change) { closer_.changed(change); };
  }

  void apply(std::vector<ServiceSpec> services) {
    world_.apply(std::move(services));
    closer_.configured();
    run();
    world_.pass(10s);
  }
  // Has it go down, be published, and the helper asked.
  void dies(const std::string& backend, const Outcome& end = kRefuses) {
    world_.says(backend, end);
    const auto before = world_.changes.size();
    for (int step = 0; step < 5000 && world_.changes.size() == before; ++step)
      world_.pass(1ms);
    publish();
  }
  void publish() {
    closer_.published(world_.monitor().refresh());
    run();
  }
  void pass(std::chrono::milliseconds time) {
    world_.pass(time);
    run();
  }
  // Lets both sides do what there is to do.
  void run() {
    for (int turn = 0; turn < 4; ++turn) {
      world_.loop().restart();
      world_.loop().poll();
      if (helper_) helper_->answer(ended_, error_);
    }
  }
  // What the helper was asked to end, since the last call.
  std::vector<Doomed> doomed() {
    std::vector<Doomed> all;
    for (const EndRequest& each : std::exchange(helper_->asked, {}))
      all.insert(all.end(), each.doomed.begin(), each.doomed.end());
    return all;
  }

  Folder folder_;
  std::string socket_ = folder_.path() / "socket";
  std::optional<FakeHelper> helper_{std::in_place, socket_};
  std::uint32_t ended_ = 2;
  int error_ = 0;
  FakeWorld world_;
  std::vector<std::string> closed_;
  std::vector<std::string> troubles_;
  Closer closer_{world_.loop().get_executor(),
                 world_.clock(),
                 world_.monitor(),
                 socket_,
                 [this](const Closing& closing) {
                   closed_.push_back(closing.service + " " + closing.backend.to_string() + " " +
                                     std::to_string(closing.connections));
                 },
                 [this](const std::string& trouble) { troubles_.push_back(trouble); }};
};

TEST_F(CloserTest, EndsConnectionsOnceItIsPublishedAndTwiceAgain) {
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  EXPECT_THAT(doomed(), IsEmpty());
  dies("10.0.0.1");
  const Doomed expected{{network::sock_diag::key_of(address("10.0.0.1")), 80}, 0, 0};
  EXPECT_THAT(doomed(), ElementsAre(expected));
  EXPECT_THAT(closed_, ElementsAre("app 10.0.0.1 2"));
  pass(999ms);
  EXPECT_THAT(doomed(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(doomed(), ElementsAre(expected));
  pass(4s);
  EXPECT_THAT(doomed(), ElementsAre(expected));
  pass(1h);
  EXPECT_THAT(doomed(), IsEmpty());
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(CloserTest, TellsOfNothingWhereThereWasNothingToEnd) {
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  ended_ = 0;
  dies("10.0.0.1");
  EXPECT_EQ(doomed().size(), 1U);
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(CloserTest, EndsNoMoreOnceTheBackendIsBack) {
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  dies("10.0.0.1");
  EXPECT_EQ(doomed().size(), 1U);
  world_.says("10.0.0.1", kPasses);
  pass(990ms);
  world_.monitor().probe_network();
  pass(10s);
  EXPECT_THAT(doomed(), testing::SizeIs(testing::Le(1)));
}

TEST_F(CloserTest, StaleMeansSinceTheFirstFailedProbeAndASecondAtLeast) {
  apply({closing("app", "10.0.0.1", "10.0.0.2", CloseConnections::stale)});
  dies("10.0.0.1", kRefuses);  // confirmed after 50 ms
  auto asked = doomed();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked.front().silent_since, (world_.now() - 1s).time_since_epoch().count());
  const auto first_failure = world_.changes.back().time - world_.changes.back().took;
  pass(5s);
  asked = doomed();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked.back().silent_since, first_failure.time_since_epoch().count());
}

TEST_F(CloserTest, EndsNothingInAMassFailureNorAfterIt) {
  std::vector<ServiceSpec> services;
  for (int service = 1; service <= 3; ++service) {
    const std::string net = "10.0." + std::to_string(service) + ".";
    services.push_back(closing("app" + std::to_string(service), net + "1", net + "2"));
    services.back().backends.push_back({.address = address(net + "3")});
  }
  apply(services);
  for (const char* end : {"1", "2"}) {
    for (const char* net : {"10.0.1.", "10.0.2.", "10.0.3."})
      world_.says(std::string(net) + end, kRefuses);
  }
  world_.monitor().probe_network();  // or the first might be down before the others have failed
  for (int step = 0; step < 100; ++step) {
    pass(100ms);
    publish();
  }
  EXPECT_EQ(world_.state("10.0.1.1"), State::down);
  EXPECT_THAT(doomed(), IsEmpty());
}

TEST_F(CloserTest, ManyAreAskedForTogetherUpToALimit) {
  std::vector<ServiceSpec> services;
  for (int service = 0; service < 100; ++service) {
    services.push_back(closing("app" + std::to_string(service), "10.0.0.1", "10.0.0.2"));
    services.back().checks.front().port = static_cast<std::uint16_t>(1000 + service);
    for (int backend = 3; backend < 6; ++backend)
      services.back().backends.push_back({.address = address("10.0.0." + std::to_string(backend))});
  }
  apply(services);
  helper_->asked.clear();
  world_.says("10.0.0.1", kRefuses);
  pass(5s);
  publish();
  // What takes longer than a turn's share goes on in the next.
  for (int turn = 0; turn < 100 && closed_.size() < 100; ++turn)
    pass(1ms);
  for (const EndRequest& each : helper_->asked)
    EXPECT_LE(each.doomed.size(), kMostDoomed);
  EXPECT_LT(helper_->asked.size(), 100U);
  EXPECT_EQ(closed_.size(), 100U);
}

TEST_F(CloserTest, WithoutTheOptionThereIsNoHelper) {
  apply({plain_service("app", {"10.0.0.1", "10.0.0.2"})});
  dies("10.0.0.1");
  EXPECT_FALSE(helper_->has_client());
}

TEST_F(CloserTest, LetsTheHelperGoWhenNoServiceWantsItAnyMore) {
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  EXPECT_TRUE(helper_->has_client());
  apply({plain_service("app", {"10.0.0.1", "10.0.0.2"})});
  EXPECT_FALSE(helper_->has_client());
}

TEST_F(CloserTest, SaysAtOnceThatTheKernelCant) {
  error_ = EOPNOTSUPP;
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  EXPECT_THAT(troubles_, ElementsAre(testing::HasSubstr("CONFIG_INET_DIAG_DESTROY")));
}

TEST_F(CloserTest, TriesAgainWhileThereIsNoHelper) {
  helper_.reset();
  std::filesystem::remove(socket_);
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  EXPECT_THAT(troubles_, ElementsAre(testing::HasSubstr("can't reach hlb-connections")));
  helper_.emplace(socket_);
  pass(30s);
  EXPECT_THAT(troubles_, ElementsAre(testing::_, ""));
}

TEST_F(CloserTest, IsAskedAtOnceThoughTheVerdictComesInALaterTurn) {
  std::vector<ServiceSpec> services{closing("a.test", "10.0.0.1", "10.0.0.2")};
  for (int i = 0; i < 30; ++i)
    services.push_back(plain_service("s" + std::to_string(i) + ".test", {"10.0.1.1"}));
  apply(services);
  publish();
  doomed();
  for (int i = 0; i < 30; ++i) {
    world_.monitor().set_override({"s" + std::to_string(i) + ".test", address("10.0.1.1")},
                                  {.kind = OverrideKind::drain});
  }
  world_.says("10.0.0.1", kRefuses);
  const auto before = world_.changes.size();
  for (int step = 0; step < 5000 && world_.changes.size() == before; ++step)
    world_.pass(1ms);
  while (world_.monitor().has_news()) {
    EXPECT_TRUE(doomed().empty());
    closer_.published(world_.monitor().refresh(20));
    run();
  }
  EXPECT_EQ(doomed().size(), 1U);
}

TEST_F(CloserTest, IsAskedAtOnceWhenTheLastCheckAtThePlaceFindsItDeadToo) {
  ServiceSpec other = closing("b.test", "10.0.0.1", "10.0.0.2");
  other.checks[0].method = HttpCheck{};
  other.checks[0].interval = std::chrono::milliseconds(2100);
  apply({closing("a.test", "10.0.0.1", "10.0.0.2"), other});
  publish();
  doomed();
  world_.says("10.0.0.1", kRefuses);
  world_.changes.clear();
  for (int step = 0; step < 5000 && world_.changes.size() < 2; ++step) {
    EXPECT_TRUE(doomed().empty());
    world_.pass(1ms);
    publish();
  }
  EXPECT_EQ(doomed().size(), 1U);
}

// Each of them has the place looked at, at which all of them are.
TEST_F(CloserTest, TakesFewTurnsForVeryManyServicesThatLoseOneBackend) {
  constexpr int kServices = 4000;
  std::vector<ServiceSpec> services;
  for (int i = 0; i < kServices; ++i) {
    services.push_back(closing("s" + std::to_string(i) + ".test", "10.0.0.1", "10.0.0.2"));
  }
  apply(services);
  publish();
  world_.pass(1min);
  publish();
  world_.says("10.0.0.1", kRefuses);
  world_.changes.clear();
  for (int step = 0; step < 5000 && world_.changes.size() < kServices; ++step) {
    world_.pass(1ms);
    publish();
  }
  int turns = 0;
  while (world_.clock().pass_to_next_alarm(world_.now()) && turns < kServices)
    ++turns;
  EXPECT_LT(turns, kServices / 4);
}

TEST_F(CloserTest, AHelperThatTalksNonsenseIsNoHelper) {
  apply({closing("app", "10.0.0.1", "10.0.0.2")});
  world_.says("10.0.0.1", kRefuses);
  world_.pass(5s);
  closer_.published(world_.monitor().refresh());
  world_.loop().restart();
  world_.loop().poll();
  helper_->say({9, 9, 9});
  EXPECT_TRUE(probes::run_until(world_.loop(), [this] { return !troubles_.empty(); }));
  EXPECT_THAT(troubles_, ElementsAre("hlb-connections has gone"));
}

}  // namespace
}  // namespace hlb::connections
