#include "operators/bus/loop_side.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "operators/bus/versions.h"

namespace hlb::bus {
namespace {

namespace asio = boost::asio;

// Services of which each has so many backends: "s0" with "s0b0", "s0b1" …
class FakeDirectory final : public Directory {
 public:
  std::vector<std::size_t> sizes;
  std::function<void()> on_part = [] {};
  mutable std::size_t asked = 0;  // for one backend
  mutable std::size_t parts = 0;  // of backends
  std::uint64_t configured = 0;
  std::string state = "up";

  Overview overview() const override { return {}; }
  std::vector<std::string> troubles() const override { return {}; }
  std::vector<Event> events(std::size_t /*most*/) const override { return {}; }
  std::uint64_t configurations() const override { return configured; }

  std::vector<ServiceReport> services(std::size_t first, std::size_t most) const override {
    std::vector<ServiceReport> some;
    for (std::size_t i = first; i < sizes.size() && some.size() < most; ++i)
      some.push_back(*service(name_of(i)));
    return some;
  }
  std::optional<ServiceReport> service(std::string_view name) const override {
    if (!index_of(name)) return std::nullopt;
    ServiceReport report;
    report.name = name;
    report.state = state;
    return report;
  }
  std::optional<ServiceSettings> settings(std::string_view service) const override {
    if (!index_of(service)) return std::nullopt;
    return ServiceSettings{.aliases = {"www." + std::string(service)}, .answer = "", .checks = {}};
  }
  std::optional<std::string> service_of(std::string_view name) const override {
    return std::string(name);
  }
  std::optional<std::vector<BackendReport>> backends(std::string_view service, std::size_t first,
                                                     std::size_t most) const override {
    ++parts;
    on_part();
    const auto index = index_of(service);
    if (!index) return std::nullopt;
    std::vector<BackendReport> some;
    for (std::size_t i = first; i < sizes[*index] && some.size() < most; ++i)
      some.push_back(report(service, i));
    return some;
  }
  std::optional<BackendReport> backend(std::string_view service,
                                       std::string_view address) const override {
    ++asked;
    const auto index = index_of(service);
    if (!index) return std::nullopt;
    for (std::size_t i = 0; i < sizes[*index]; ++i)
      if (report(service, i).address == address) return report(service, i);
    return std::nullopt;
  }
  std::vector<CheckReport> checks(std::string_view /*service*/,
                                  std::string_view address) const override {
    CheckReport check;
    check.description = std::string("tcp ").append(address);
    return {check};
  }

  std::optional<std::vector<ConnectionReport>> connections(std::string_view service,
                                                           std::size_t first,
                                                           std::size_t most) const override {
    const auto index = index_of(service);
    if (!index) return std::nullopt;
    std::vector<ConnectionReport> some;
    for (std::size_t i = first; i < sizes[*index] && some.size() < most; ++i)
      some.push_back({std::string(service), report(service, i).address, 7});
    return some;
  }

  std::vector<OverridePreview> preview(const PreviewRequest& request,
                                       std::size_t service) const override {
    std::vector<OverridePreview> some;
    if (service >= sizes.size())
      return {{.service = "gone", .address = "", .before = "", .now = ""}};
    for (std::size_t i = 0; i < sizes[service]; ++i) {
      const BackendReport each = report(name_of(service), i);
      if (request.targets.matches(each.service, each.address))
        some.push_back({.service = each.service, .address = each.address, .before = "", .now = ""});
    }
    return some;
  }

  static std::string name_of(std::size_t index) { return "s" + std::to_string(index); }

 private:
  std::optional<std::size_t> index_of(std::string_view service) const {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      if (name_of(i) == service) return i;
    return std::nullopt;
  }
  BackendReport report(std::string_view service, std::size_t index) const {
    BackendReport report;
    report.service = service;
    report.address = std::string(service) + "b" + std::to_string(index);
    report.state = state;
    return report;
  }
};

// Backends that take the loop longer than one part may.
constexpr std::size_t kManyParts = 50'000;

// The test's own thread is the bus's; the loop is another.
class LoopSideTest : public testing::Test {
 protected:
  ~LoopSideTest() override {
    end_loop();
    work_.reset();
    thread_.join();
  }

  void end_loop() {
    asio::post(loop_, [this] { calls_.close(); });
  }

  FakeDirectory directory_;
  Control control_;
  std::vector<std::function<void()>> delivered_;
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  LoopCalls calls_{[this](std::function<void()> turn) { asio::post(loop_, std::move(turn)); }};
  std::thread thread_{[this] { loop_.run(); }};

  LoopSide side() {
    return {{.identity = {}, .resolve = {}, .directory = directory_, .control = control_},
            calls_,
            [this](std::function<void()> done) { delivered_.push_back(std::move(done)); }};
  }
};

TEST_F(LoopSideTest, PreviewsAndAliasesAreOfAllServicesAndOfThoseThatAreGone) {
  directory_.sizes = {2, 0, 300};
  const LoopSide loop = side();
  const auto previews = loop.preview({.targets = TargetList("s0/* s2/s2b7"), .kind = {}});
  ASSERT_EQ(previews.size(), 4U);
  EXPECT_EQ(previews[1].address, "s0b1");
  EXPECT_EQ(previews[2].address, "s2b7");
  EXPECT_EQ(previews[3].service, "gone");
  const auto aliases = loop.aliases();
  ASSERT_EQ(aliases.size(), 3U);
  EXPECT_EQ(aliases[2].alias, "www.s2");
  EXPECT_EQ(aliases[2].service, "s2");
}

TEST_F(LoopSideTest, AllServicesAndBackendsAreToldInTheirOrder) {
  directory_.sizes.assign(250, 1);
  directory_.sizes[0] = 0;
  directory_.sizes[1] = 300;
  directory_.sizes[2] = 100;
  const LoopSide loop = side();
  const auto services = loop.services();
  ASSERT_EQ(services.size(), 250U);
  EXPECT_EQ(services[249].name, "s249");
  const auto all = loop.all_backends();
  ASSERT_EQ(all.size(), 300U + 100U + 247U);
  EXPECT_EQ(all[299].address, "s1b299");
  EXPECT_EQ(all[300].address, "s2b0");
  EXPECT_EQ(all[400].address, "s3b0");
  EXPECT_EQ(all.back().address, "s249b0");
  const auto connections = loop.all_connections();
  ASSERT_EQ(connections.size(), all.size());
  EXPECT_EQ(connections[300].address, "s2b0");
  EXPECT_EQ(loop.connections("s1").value().size(), 300U);
  EXPECT_FALSE(loop.connections("nix"));
  const auto of_one = loop.backends("s1");
  ASSERT_TRUE(of_one);
  ASSERT_EQ(of_one->size(), 300U);
  EXPECT_EQ(of_one->back().address, "s1b299");
  EXPECT_FALSE(loop.backends("nix"));
}

TEST_F(LoopSideTest, WhatIsReadWhileTheConfigurationBecomesAnotherIsReadAnew) {
  directory_.sizes = {kManyParts};
  directory_.on_part = [this] {
    if (directory_.parts != 1) return;
    asio::post(loop_, [this] {
      ++directory_.configured;
      directory_.sizes = {3};
    });
  };
  const auto all = side().all_backends();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.back().address, "s0b2");
}

TEST_F(LoopSideTest, WhatNeverStaysTheSameIsTakenAsItIs) {
  directory_.sizes = {kManyParts};
  directory_.on_part = [this] { asio::post(loop_, [this] { ++directory_.configured; }); };
  EXPECT_EQ(side().all_backends().size(), kManyParts);
}

TEST_F(LoopSideTest, ManyBackendsOfAServiceAreAskedForTogether) {
  directory_.sizes = {400};
  LoopSide loop = side();
  for (std::size_t i = 0; i < 400; ++i) {
    const std::string address = "s0b" + std::to_string(i * 7 % 400);
    const BackendFacts* backend = loop.backend("s0", address);
    ASSERT_NE(backend, nullptr);
    EXPECT_EQ(backend->report.address, address);
    EXPECT_EQ(backend->checks.front().description, "tcp " + address);
  }
  EXPECT_LE(directory_.asked, 70U);
}

TEST_F(LoopSideTest, SomeBackendsAreAskedForByThemselvesOnceEach) {
  directory_.sizes = {400};
  LoopSide loop = side();
  for (int i = 0; i < 120; ++i) {
    const std::string address = "s0b" + std::to_string(i % 40);
    EXPECT_EQ(loop.backend("s0", address)->report.address, address);
  }
  EXPECT_EQ(directory_.asked, 40U);
  EXPECT_EQ(directory_.parts, 0U);
}

TEST_F(LoopSideTest, WhatWasSaidIsSaidAgainUntilItIsForgotten) {
  directory_.sizes = {2};
  LoopSide loop = side();
  EXPECT_EQ(loop.backend("s0", "s0b0")->report.state, "up");
  EXPECT_EQ(loop.service("s0")->report.state, "up");
  directory_.state = "down";
  EXPECT_EQ(loop.backend("s0", "s0b0")->report.state, "up");
  EXPECT_EQ(loop.service("s0")->report.state, "up");
  loop.forget();
  EXPECT_EQ(loop.backend("s0", "s0b0")->report.state, "down");
  EXPECT_EQ(loop.service("s0")->report.state, "down");
}

TEST_F(LoopSideTest, WhatHasGoneIsNotThere) {
  directory_.sizes = {3};
  LoopSide loop = side();
  EXPECT_NE(loop.backend("s0", "s0b2"), nullptr);
  EXPECT_EQ(loop.backend("s0", "s0b3"), nullptr);
  EXPECT_EQ(loop.backend("s1", "s1b0"), nullptr);
  EXPECT_EQ(loop.service("s1"), nullptr);
}

TEST_F(LoopSideTest, AReplyComesBackToTheBussThread) {
  std::thread::id asked_on;
  control_.set_override = [&](OverrideRequest request, const Control::ChangeReply& reply) {
    asked_on = std::this_thread::get_id();
    EXPECT_EQ(request.target, "s0");
    reply(Changed(7U));
  };
  std::uint32_t changed = 0;
  OverrideRequest request;
  request.target = "s0";
  side().set_override(request, [&](const Changed& said) { changed = *said; });
  EXPECT_EQ(asked_on, thread_.get_id());
  EXPECT_EQ(changed, 0U);
  ASSERT_EQ(delivered_.size(), 1U);
  delivered_.front()();
  EXPECT_EQ(changed, 7U);
}

TEST_F(LoopSideTest, WhenHlbdIsEndingWhoAsksGetsAnErrorOfDBusAndIsToldNothing) {
  bool called = false;
  control_.reload = [&](const Control::ReloadReply& /*reply*/) { called = true; };
  LoopSide loop = side();
  end_loop();
  const auto until_ended = [&] {
    for (;;)
      static_cast<void>(loop.overview());
  };
  EXPECT_THROW(until_ended(), sdbus::Error);
  EXPECT_THROW(static_cast<void>(loop.backend("s0", "s0b0")), sdbus::Error);
  loop.reload([](const Reloaded& /*reloaded*/) {});
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace hlb::bus
