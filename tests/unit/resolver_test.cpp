// c-ares on the loop, against a name server on loopback.
#include "discovery/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/hung_file.h"
#include "tests/unit/name_server.h"

namespace hlb::discovery {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

std::optional<Bytes> one_address(const Bytes& query, bool /*over_tcp*/) {
  return Reply(query).address(60, "10.0.0.1").bytes();
}

std::optional<Bytes> silence(const Bytes& /*query*/, bool /*over_tcp*/) {
  return std::nullopt;
}

NameServer::Answering says(int code) {
  return [code](const Bytes& query, bool) { return Reply(query, code).bytes(); };
}

class ResolverTest : public testing::Test {
 protected:
  ResolverSettings settings(const NameServer& server) const {
    return {.resolv_conf = resolv_conf_.path(), .timeout = kPlenty, .port = server.port()};
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (!done() && std::chrono::steady_clock::now() < deadline)
      loop_.run_one_for(100ms);
    return done();
  }

  DnsAnswer ask(const ResolverSettings& settings, RecordType type = RecordType::a) {
    Resolver resolver(loop_.get_executor(), settings);
    std::optional<DnsAnswer> answer;
    resolver.ask({"app.test", type}, turn_, [&](DnsAnswer given) { answer = std::move(given); });
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(DnsAnswer::failure("it never came"));
  }

  DnsAnswer ask(NameServer::Answering answering, RecordType type = RecordType::a) {
    const NameServer server(loop_, std::move(answering));
    return ask(settings(server), type);
  }

  asio::io_context loop_{1};
  ResolvConf resolv_conf_{"127.0.0.1"};
  Resolver::Turn turn_{Turns::new_share()};
};

TEST_F(ResolverTest, AsksTheServersOfResolvConf) {
  const DnsAnswer answer = ask(one_address);
  EXPECT_EQ(answer.result, DnsAnswer::Result::records);
  EXPECT_THAT(answer.addresses, ElementsAre(Address::parse("10.0.0.1").value()));
  EXPECT_EQ(answer.ttl, 60s);
}

TEST_F(ResolverTest, AsksForWhatIsWanted) {
  const NameServer server(loop_, [](const Bytes& query, bool) {
    Reply reply(query);
    if (parse_query(query).type == ns_t_aaaa) reply.address(60, "fd99::1");
    if (parse_query(query).type == ns_t_srv) reply.srv(60, 1, 2, 8080, wire_name("a.test"));
    return reply.bytes();
  });
  EXPECT_THAT(ask(settings(server), RecordType::aaaa).addresses,
              ElementsAre(Address::parse("fd99::1").value()));
  EXPECT_THAT(ask(settings(server), RecordType::srv).targets,
              ElementsAre(SrvTarget{1, 2, "a.test", 8080}));
  EXPECT_EQ(server.asked("app.test", ns_t_aaaa), 1);
  EXPECT_EQ(server.asked("app.test", ns_t_srv), 1);
  EXPECT_EQ(server.asked(), 2);  // no search list, nothing else
}

TEST_F(ResolverTest, TellsNothingThereFromNobodyKnows) {
  EXPECT_EQ(ask(says(ns_r_nxdomain)).result, DnsAnswer::Result::none);
  EXPECT_EQ(ask(says(ns_r_nxdomain)).reason, "there is no such name");
  EXPECT_EQ(ask(says(ns_r_noerror)).result, DnsAnswer::Result::none);
  EXPECT_EQ(ask(says(ns_r_noerror)).reason, "there are no such records");
  EXPECT_EQ(ask(says(ns_r_servfail)).result, DnsAnswer::Result::failed);
  EXPECT_EQ(ask(says(ns_r_refused)).result, DnsAnswer::Result::failed);
}

TEST_F(ResolverTest, FailsWhenNobodyListens) {
  ResolverSettings nobody;
  {
    const NameServer gone(loop_, silence);
    nobody = settings(gone);
  }
  EXPECT_EQ(ask(nobody).result, DnsAnswer::Result::failed);
}

TEST_F(ResolverTest, FailsAfterItsTimeOut) {
  const NameServer server(loop_, silence);
  ResolverSettings impatient = settings(server);
  impatient.timeout = 50ms;
  const DnsAnswer answer = ask(impatient);
  EXPECT_EQ(answer.result, DnsAnswer::Result::failed);
  EXPECT_FALSE(answer.reason.empty());
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverTest, IgnoresAReplyToAnotherQuestion) {
  const NameServer server(loop_, [](const Bytes& query, bool) {
    Bytes reply = Reply(query).address(60, "10.0.0.66").bytes();
    reply[0] ^= 0xff;  // of the id
    return std::optional(reply);
  });
  ResolverSettings impatient = settings(server);
  impatient.timeout = 50ms;
  EXPECT_EQ(ask(impatient).result, DnsAnswer::Result::failed);
}

TEST_F(ResolverTest, AsksOverTcpWhenTheReplyWasCut) {
  const DnsAnswer answer = ask([](const Bytes& query, bool over_tcp) {
    Reply reply(query);
    if (!over_tcp) return std::optional(reply.truncated().bytes());
    for (int i = 0; i < 4000; ++i)
      reply.address(60, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    return std::optional(reply.bytes());
  });
  EXPECT_EQ(answer.addresses.size(), 4000U);
}

TEST_F(ResolverTest, AnswersThousandsOfQuestionsAFewAtATime) {
  const NameServer server(loop_, one_address);
  Resolver resolver(loop_.get_executor(), settings(server));
  int answered = 0;
  constexpr int kQuestions = 3000;
  for (int i = 0; i < kQuestions; ++i) {
    resolver.ask({"n" + std::to_string(i) + ".test", RecordType::a}, turn_,
                 [&](const DnsAnswer& answer) {
                   answered += answer.result == DnsAnswer::Result::records ? 1 : 0;
                 });
  }
  EXPECT_TRUE(run_until([&] { return answered == kQuestions; }));
  EXPECT_EQ(server.asked(), kQuestions);  // none was lost and asked again
}

TEST_F(ResolverTest, HasNoMoreThanItsBoundUnderWay) {
  const NameServer server(loop_, silence);
  Resolver resolver(loop_.get_executor(), settings(server));
  for (int i = 0; i < 200; ++i)
    resolver.ask({"n" + std::to_string(i) + ".test", RecordType::a}, {Turns::new_share()},
                 [](const DnsAnswer&) {});
  loop_.run_for(300ms);
  EXPECT_EQ(server.asked(), kQuestionsAtOnce);
}

TEST_F(ResolverTest, LeavesRoomForTheNamesOfOtherShares) {
  const NameServer server(loop_, [](const Bytes& query, bool over_tcp) {
    const bool dead = parse_query(query).name.starts_with("dead");
    return dead ? std::nullopt : one_address(query, over_tcp);
  });
  Resolver resolver(loop_.get_executor(), settings(server));
  for (int i = 0; i < 1000; ++i)
    resolver.ask({"dead" + std::to_string(i) + ".test", RecordType::a}, turn_,
                 [](const DnsAnswer&) {});
  bool answered = false;
  resolver.ask({"live.test", RecordType::a}, {Turns::new_share()},
               [&](const DnsAnswer&) { answered = true; });
  EXPECT_TRUE(run_until([&] { return answered; }));
}

TEST_F(ResolverTest, AsksLastForWhatHadNoAnswerTheLastTime) {
  const NameServer server(loop_, silence);
  Resolver resolver(loop_.get_executor(), settings(server));
  for (int i = 0; i < 1000; ++i) {
    const std::string number = std::to_string(i);
    resolver.ask({"dead" + number + ".test", RecordType::a}, {Turns::new_share(), true},
                 [](const DnsAnswer&) {});
    resolver.ask({"n" + number + ".test", RecordType::a}, {Turns::new_share()},
                 [](const DnsAnswer&) {});
  }
  ASSERT_TRUE(run_until([&] { return server.asked() == kQuestionsAtOnce; }));
  EXPECT_EQ(server.asked("dead0.test", ns_t_a), 1);
  EXPECT_EQ(server.asked("dead7.test", ns_t_a), 1);
  EXPECT_EQ(server.asked("dead8.test", ns_t_a), 0);
  EXPECT_EQ(server.asked("n55.test", ns_t_a), 1);
}

TEST_F(ResolverTest, AsksTheServersOfAChangedResolvConfAlsoForWhatIsUnderWay) {
  const NameServer before(loop_, silence);
  const NameServer after(loop_, one_address, "127.0.0.2", before.port());
  Resolver resolver(loop_.get_executor(), settings(before));
  int answered = 0;
  const auto count = [&](const DnsAnswer& answer) {
    answered += answer.result == DnsAnswer::Result::records ? 1 : 0;
  };
  resolver.ask({"first.test", RecordType::a}, turn_, count);
  ASSERT_TRUE(run_until([&] { return before.asked() == 1; }));
  resolv_conf_.name_server("127.0.0.2");
  resolver.ask({"second.test", RecordType::a}, turn_, count);
  EXPECT_TRUE(run_until([&] { return answered == 2; }));
  EXPECT_EQ(before.asked(), 1);
  EXPECT_EQ(after.asked(), 2);
}

TEST_F(ResolverTest, AsksTheServersItKnowsWhileResolvConfHangs) {
  const NameServer before(loop_, one_address);
  const NameServer after(loop_, one_address, "127.0.0.2", before.port());
  ResolverSettings impatient = settings(before);
  impatient.timeout = 500ms;
  Resolver resolver(loop_.get_executor(), impatient);
  int answered = 0;
  const auto count = [&](const DnsAnswer& answer) {
    answered += answer.result == DnsAnswer::Result::records ? 1 : 0;
  };
  resolver.ask({"first.test", RecordType::a}, turn_, count);
  ASSERT_TRUE(run_until([&] { return answered == 1; }));
  const HungFile hung(resolv_conf_.path() + ".hung");
  hung.take_place_of(resolv_conf_.path());
  resolver.ask({"second.test", RecordType::a}, turn_, count);
  EXPECT_TRUE(run_until([&] { return answered == 2; }));
  EXPECT_EQ(after.asked(), 0);
  resolv_conf_.name_server("127.0.0.2");
  hung.let_go("");
  EXPECT_TRUE(run_until([&] {
    resolver.ask({"third.test", RecordType::a}, turn_, count);
    return after.asked() > 0;
  }));
}

TEST_F(ResolverTest, FailsWhileResolvConfHangsAndNoServerIsKnown) {
  const NameServer server(loop_, one_address);
  ResolverSettings hanging = settings(server);
  const HungFile hung(resolv_conf_.path() + ".hung");
  hanging.resolv_conf = hung.path();
  hanging.timeout = 50ms;
  const DnsAnswer answer = ask(hanging);
  EXPECT_EQ(answer.result, DnsAnswer::Result::failed);
  EXPECT_EQ(answer.reason, hung.path() + " can't be read at the moment");
  EXPECT_EQ(server.asked(), 0);
}

TEST_F(ResolverTest, AnswersNothingOnceItIsGone) {
  const NameServer server(loop_, one_address);
  std::optional<Resolver> resolver(std::in_place, loop_.get_executor(), settings(server));
  bool answered = false;
  for (int i = 0; i < 100; ++i)
    resolver->ask({"app.test", RecordType::a}, turn_, [&](const DnsAnswer&) { answered = true; });
  ASSERT_TRUE(run_until([&] { return server.asked() > 0; }));
  resolver.reset();
  loop_.run_for(200ms);
  EXPECT_FALSE(answered);
}

TEST_F(ResolverTest, MayGoWithinAnAnswer) {
  const NameServer server(loop_, one_address);
  std::optional<Resolver> resolver(std::in_place, loop_.get_executor(), settings(server));
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    resolver->ask({"app.test", RecordType::a}, turn_, [&](const DnsAnswer&) {
      ++answered;
      resolver.reset();
    });
  }
  ASSERT_TRUE(run_until([&] { return answered > 0; }));
  loop_.run_for(100ms);
  EXPECT_EQ(answered, 1);
}

TEST_F(ResolverTest, AsksThisHostWithoutAResolvConf) {
  const NameServer server(loop_, one_address);
  ResolverSettings none = settings(server);
  none.resolv_conf = "/nonexistent/resolv.conf";
  EXPECT_EQ(ask(none).result, DnsAnswer::Result::records);
}

}  // namespace
}  // namespace hlb::discovery
