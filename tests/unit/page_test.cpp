// The page as a whole: which of many services it shows, and that nothing from outside gets a
// meaning.
#include "operators/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "operators/page/html.h"
#include "operators/page/status.h"
#include "operators/status_json.h"

namespace hlb::page {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr WallTime kStart{1'700'000'000s};

// Services and backends as a test wants them.
class ShownDirectory final : public bus::Directory {
 public:
  struct Entry {
    ServiceReport service;
    std::vector<BackendReport> backends;
  };

  std::vector<Entry> entries;
  std::vector<Event> told;
  mutable std::uint64_t configured = 0;
  std::size_t changes = 0;  // of the configuration, while it is asked

  void add(const std::string& name, std::size_t up, std::size_t down) {
    Entry entry;
    const std::size_t all = up + down;
    entry.service = {.name = name,
                     .state = down == 0 ? "up"
                              : up == 0 ? "down"
                                        : "degraded",
                     .backends = static_cast<std::uint32_t>(all),
                     .up = static_cast<std::uint32_t>(up),
                     .answered = static_cast<std::uint32_t>(up),
                     .since = kStart};
    for (std::size_t i = 0; i < all; ++i) {
      BackendReport backend;
      backend.service = name;
      backend.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
      backend.state = i < up ? "up" : "down";
      backend.weight_percent = i < up ? 100 : 0;
      entry.backends.push_back(std::move(backend));
    }
    entries.push_back(std::move(entry));
  }

  std::optional<std::vector<ConnectionReport>> connections(std::string_view /*service*/,
                                                           std::size_t /*first*/,
                                                           std::size_t /*most*/) const override {
    return std::nullopt;
  }
  std::vector<OverridePreview> preview(const bus::PreviewRequest& /*request*/,
                                       std::size_t /*service*/) const override {
    return {};
  }
  Overview overview() const override {
    Overview sums;
    for (const Entry& each : entries)
      sums.backends += static_cast<std::uint32_t>(each.backends.size());
    return sums;
  }
  std::vector<std::string> troubles() const override { return {}; }
  std::vector<Event> events(std::size_t /*most*/) const override { return told; }
  std::uint64_t configurations() const override { return configured; }
  std::vector<ServiceReport> services(std::size_t first, std::size_t most) const override {
    if (configured < changes) ++configured;
    std::vector<ServiceReport> some;
    for (std::size_t i = first; i < entries.size() && some.size() < most; ++i)
      some.push_back(entries[i].service);
    return some;
  }
  std::optional<ServiceReport> service(std::string_view name) const override {
    const Entry* found = find(name);
    return found == nullptr ? std::nullopt : std::optional(found->service);
  }
  std::optional<ServiceSettings> settings(std::string_view /*service*/) const override {
    return std::nullopt;
  }
  std::optional<std::string> service_of(std::string_view name) const override {
    if (name == "alias.test") return "a.test";
    return find(name) == nullptr ? std::nullopt : std::optional(std::string(name));
  }
  std::optional<std::vector<BackendReport>> backends(std::string_view service, std::size_t first,
                                                     std::size_t most) const override {
    const Entry* found = find(service);
    if (found == nullptr) return std::nullopt;
    std::vector<BackendReport> some;
    for (std::size_t i = first; i < found->backends.size() && some.size() < most; ++i)
      some.push_back(found->backends[i]);
    return some;
  }
  std::optional<BackendReport> backend(std::string_view /*service*/,
                                       std::string_view /*address*/) const override {
    return std::nullopt;
  }
  std::vector<CheckReport> checks(std::string_view /*service*/,
                                  std::string_view /*address*/) const override {
    return {};
  }

 private:
  const Entry* find(std::string_view name) const {
    for (const Entry& each : entries)
      if (each.service.name == name) return &each;
    return nullptr;
  }
};

class PageTest : public testing::Test {
 protected:
  std::string page(std::string_view query = "") {
    StatusPage page(sources(), View::of_query(query));
    return whole(page);
  }

  std::string status() {
    StatusText text(sources());
    return whole(text);
  }

  template <typename Text>
  std::string whole(Text& made) {
    std::string text;
    for (parts_ = 0; made.add_part(text); ++parts_) {
    }
    EXPECT_FALSE(made.add_part(text));
    return text;
  }

  Sources sources() {
    return {.directory = directory_,
            .identity = identity_,
            .host = "h<1>",
            .name_of_user = [](std::uint32_t user) { return "<u" + std::to_string(user) + ">"; }};
  }

  ShownDirectory directory_;
  bus::Identity identity_{.version = "1", .config_file = "/c", .started = kStart};
  std::size_t parts_ = 0;
};

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

TEST_F(PageTest, ShowsAllBackendsOfFew) {
  directory_.add("a.test", 20, 0);
  directory_.add("b.test", 19, 1);
  const std::string text = page();
  EXPECT_EQ(count(text, "<tr data-backend="), 40U);
  EXPECT_LT(text.find("data-service=\"b.test\""), text.find("data-service=\"a.test\""));
  EXPECT_THAT(text, Not(HasSubstr("class=\"fold\"")));
}

TEST_F(PageTest, FoldsTheHealthyOfMany) {
  directory_.add("a.test", 40, 0);
  directory_.add("b.test", 7, 1);
  const std::string text = page();
  EXPECT_EQ(count(text, "<tr data-backend="), 1U);
  EXPECT_THAT(text, HasSubstr("\">7 others up</a>"));
  EXPECT_THAT(text, HasSubstr("<tr data-service=\"a.test\" data-state=\"up\">"));
  EXPECT_EQ(count(page("?service=a.test"), "<tr data-backend="), 1U) << "\"?\" is no part of it";
  EXPECT_EQ(count(page("service=a.test"), "<tr data-backend="), 40U);
  EXPECT_EQ(count(page("service=ALIAS.test"), "<tr data-backend="), 40U);
}

TEST_F(PageTest, HasAtMost400BackendsAnd2000Services) {
  for (int i = 0; i < 3000; ++i)
    directory_.add("s" + std::to_string(i), 0, 1);
  directory_.add("big", 0, 1000);
  const std::string text = page();
  EXPECT_EQ(count(text, "<tr data-backend="), 400U);
  EXPECT_EQ(count(text, "<tbody id="), 2000U);
  EXPECT_THAT(text, HasSubstr("… 1001 services more"));
  EXPECT_THAT(text, HasSubstr("<b>3001 services</b> <b class=\"down\">3001 down</b>"));
  EXPECT_THAT(text, HasSubstr("<b>4000 backends</b> <b class=\"down\">4000 down</b>"));
  EXPECT_GT(parts_, 50U);
  const std::string big = page("service=big");
  EXPECT_EQ(count(big, "<tr data-backend="), 400U);
  EXPECT_THAT(big, HasSubstr("… 600 backends more"));
}

TEST_F(PageTest, TheWorstHaveTheRoom) {
  directory_.add("partial", 1, 399);
  directory_.add("none", 0, 300);
  const std::string text = page();
  EXPECT_LT(text.find("id=\"s-none\""), text.find("id=\"s-partial\""));
  EXPECT_EQ(count(text, "<tr data-backend="), 400U);
  EXPECT_THAT(text, HasSubstr("… 299 backends more, 1 other up"));
}

TEST_F(PageTest, BeginsAnewWhenTheConfigurationChangesMeanwhile) {
  for (int i = 0; i < 500; ++i)
    directory_.add("s" + std::to_string(i), 3, 0);
  directory_.changes = 2;
  EXPECT_THAT(page(), HasSubstr("<b>500 services</b>"));
  directory_.changes = 1000;  // again and again: a mixture will do
  EXPECT_THAT(page(), HasSubstr(" services</b>"));
}

TEST_F(PageTest, NothingFromOutsideHasAMeaning) {
  const std::string evil = "<script>\"'&\x1b\xe2\x80\xae\xff</script>";
  directory_.add(evil, 0, 1);
  BackendReport& backend = directory_.entries.front().backends.front();
  backend.address = backend.reason = backend.override.reason = evil;
  backend.override.kind = "drain";
  backend.override.since = kStart;
  directory_.entries.front().service.serving = "priorities " + evil;
  directory_.told = {
      {.at = kStart, .service = evil, .address = {}, .before = evil, .now = evil, .reason = evil}};
  for (const std::string& text : {page(), page("service=" + in_query(evil))}) {
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("<u0>")));
    EXPECT_THAT(text, Not(HasSubstr("h<1>")));
  }
  EXPECT_THAT(shown(evil), Not(HasSubstr("\xe2\x80\xae")));
}

TEST_F(PageTest, ALongTextIsCut) {
  EXPECT_LT(shown(std::string(10'000, '<')).size(), 1000U);
}

TEST_F(PageTest, TheViewIsTheAddress) {
  EXPECT_EQ(View::of_query("").link(), "/");
  EXPECT_EQ(View::of_query("x&service=A%2Eb&down&refresh=off").link(),
            "?service=a.b&down&refresh=off");
  EXPECT_EQ(View::of_query("service=a%").service, "a%");
  EXPECT_EQ(View::of_query("service=a%2").service, "a%2");
  EXPECT_EQ(View::of_query("service=%zz+b").service, "%zz b");
  const std::string evil = "<\"&=%+ \xff";
  EXPECT_EQ(View::of_query("service=" + in_query(evil)).service, evil);
}

TEST_F(PageTest, TheStatusIsJsonWhateverIsInIt) {
  EXPECT_EQ(status(),
            "{\"hlbd\":{\"version\":\"1\",\"config\":\"/c\",\"started\":1700000000.0,"
            "\"degraded\":[]},\"services\":[]}\n");
  directory_.add("a\xff\"", 120, 0);
  directory_.add("b", 0, 0);
  const Json json = Json::parse(status());
  ASSERT_EQ(json["services"].size(), 2U);
  EXPECT_EQ(json["services"][0]["backends"].size(), 120U);
  EXPECT_EQ(json["services"][1]["backends"].size(), 0U);
  EXPECT_GT(parts_, 5U);
}

}  // namespace
}  // namespace hlb::page
