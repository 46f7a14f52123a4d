// The table: what hlbd encodes is what the module reads, and no bytes whatever upset a reader.
#include "libnss_hlb/table.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libnss_hlb/bytes.h"
#include "libnss_hlb/choose.h"
#include "published.h"

namespace hlb {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string found(const table::View& table, std::string_view name) {
  const record::View record = table.find(Name(name));
  return record.valid() ? std::string(record.name()) : "-";
}

TEST(Table, FindsNamesAndAliasesWithoutCaseOrTrailingDot) {
  const auto bytes = table_of({Sample("app.local").alias("app"), Sample("other.local")});
  const table::View table = table::View::over(bytes);
  EXPECT_EQ(found(table, "app.local"), "app.local");
  EXPECT_EQ(found(table, "APP.Local."), "app.local");
  EXPECT_EQ(found(table, "app"), "app.local");
  EXPECT_EQ(found(table, "other.local"), "other.local");
  EXPECT_EQ(found(table, "foreign.local"), "-");
  EXPECT_EQ(found(table, "app.local.."), "-");
}

TEST(Table, SubdomainsBelongToTheServiceThatAsksForThem) {
  const auto bytes = table_of({Sample("app.local").subdomains().alias("alias.local"),
                               Sample("deep.app.local").subdomains(), Sample("plain.local")});
  const table::View table = table::View::over(bytes);
  EXPECT_EQ(found(table, "x.app.local"), "app.local");
  EXPECT_EQ(found(table, "x.y.app.local"), "app.local");
  EXPECT_EQ(found(table, "x.deep.app.local"), "deep.app.local");
  EXPECT_EQ(found(table, "x.plain.local"), "-");
  EXPECT_EQ(found(table, "x.alias.local"), "-");
  EXPECT_EQ(found(table, "xapp.local"), "-");
}

TEST(Table, AnExceptionAndAllBelowItAreNobodysButWhatIsCloserCounts) {
  const auto bytes =
      table_of({Sample("lan").subdomains(),
                Sample("app.lan").subdomains().except("git.app.lan").except("a.b.app.lan"),
                Sample("own.git.app.lan"), Sample("wide.git.app.lan").subdomains()});
  const table::View table = table::View::over(bytes);
  EXPECT_EQ(found(table, "app.lan"), "app.lan");
  EXPECT_EQ(found(table, "x.app.lan"), "app.lan");
  EXPECT_EQ(found(table, "xgit.app.lan"), "app.lan");
  EXPECT_EQ(found(table, "b.app.lan"), "app.lan");
  EXPECT_EQ(found(table, "git.app.lan"), "-");
  EXPECT_EQ(found(table, "x.y.git.app.lan"), "-") << "nor is it lan's";
  EXPECT_EQ(found(table, "a.b.app.lan"), "-");
  EXPECT_EQ(found(table, "own.git.app.lan"), "own.git.app.lan");
  EXPECT_EQ(found(table, "x.own.git.app.lan"), "-");
  EXPECT_EQ(found(table, "x.wide.git.app.lan"), "wide.git.app.lan");
}

// An older module takes the exception for a service.
TEST(Table, AnExceptionLetsTheNextSourceAnswerInModulesThatDoNotKnowOfIt) {
  const auto bytes = table_of({Sample().subdomains().except("git.app.local")});
  const record::View record = table::View::over(bytes).find_or_exception(Name("x.git.app.local"));
  ASSERT_TRUE(record.valid());
  EXPECT_TRUE(record.is_exception());
  EXPECT_EQ(record.name(), "git.app.local");
  for (const bool healthy : {true, false}) {
    EXPECT_EQ(Choice(record, Asked::any, healthy).availability(), Availability::let_next);
  }
}

TEST(Table, KeepsEveryField) {
  const auto bytes =
      table_of({Sample()
                    .answer(AnswerMode::one)
                    .when_all_down(WhenAllDown::next)
                    .undecided()
                    .backend("fe80::1", {.weight = 7, .priority = 3, .sort_score = 9})
                    .backend("10.1.2.3", {.state = State::down})});
  const record::View record = table::View::over(bytes).find(Name("app.local"));
  ASSERT_TRUE(record.valid());
  EXPECT_EQ(record.word().mode(), record::AnswerMode::one);
  EXPECT_EQ(record.word().when_all_down(), record::WhenAllDown::next);
  EXPECT_TRUE(record.undecided());
  ASSERT_EQ(record.backend_count(), 2U);
  const record::Backend first = record.backend(0);
  EXPECT_EQ(first.family(), record::Family::ipv6);
  EXPECT_EQ(first.weight(), 7U);
  EXPECT_EQ(record.state(0).priority(), 3);
  EXPECT_EQ(first.sort_score(), 9U);
  EXPECT_TRUE(record.state(0).up());
  EXPECT_FALSE(record.state(0).withdrawn());
  const record::Backend second = record.backend(1);
  EXPECT_EQ(std::vector(second.address(), second.address() + 4),
            (std::vector<std::uint8_t>{10, 1, 2, 3}));
  EXPECT_FALSE(record.state(1).up());
}

TEST(Table, FindsEachOfManyThousandNames) {
  std::vector<Sample> services;
  services.reserve(5000);
  for (int i = 0; i < 5000; ++i)
    services.emplace_back("app" + std::to_string(i) + ".local");
  const auto bytes = table_of(services);
  const table::View table = table::View::over(bytes);
  for (int i = 0; i < 5000; ++i) {
    const std::string name = "app" + std::to_string(i) + ".local";
    ASSERT_EQ(found(table, name), name);
  }
}

class TableInSteps : public testing::Test {
 protected:
  TableInSteps() {
    for (int i = 0; i < 100; ++i) {
      services_.push_back(Sample("app" + std::to_string(i) + ".local").backend("10.0.0.1"));
      services_.back().alias("also" + std::to_string(i) + ".local");
    }
    for (const Sample& service : services_)
      verdicts_.push_back(service.verdict());
  }

  std::vector<std::uint8_t> finish() {
    while (!encoder().add(verdicts_, 7)) {
    }
    return std::move(encoder()).take();
  }

  // Made when it is first asked for.
  publish::TableEncoder& encoder() {
    const publish::TableTraits traits{.max_stale = std::chrono::seconds(10), .network = {}};
    if (!encoder_) encoder_.emplace(verdicts_, traits, [](const Address&) { return 0; });
    return *encoder_;
  }

  std::vector<Sample> services_;
  std::vector<ServiceVerdict> verdicts_;

 private:
  std::optional<publish::TableEncoder> encoder_;
};

TEST_F(TableInSteps, IsTheSameAsOneMadeAtOnce) {
  EXPECT_EQ(finish(), table_of(services_));
}

TEST_F(TableInSteps, SaysWhatWasToldWhileItWasMade) {
  encoder().add(verdicts_, 50);
  for (const std::size_t service : {0U, 49U, 50U, 99U}) {
    verdicts_[service].backends[0].state = State::down;
    EXPECT_TRUE(encoder().tell(service, verdicts_[service]));
  }
  const auto bytes = finish();
  const table::View table = table::View::over(bytes);
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const bool down = i == 0 || i == 49 || i == 50 || i == 99;
    EXPECT_NE(table.find(Name(verdicts_[i].spec->name)).state(0).up(), down) << i;
  }
}

TEST_F(TableInSteps, HasNoPlaceForOtherBackendsOfAServiceThatItHas) {
  encoder().add(verdicts_, 50);
  const Sample other = Sample("app0.local").backend("10.0.0.1").backend("10.0.0.2");
  verdicts_[0] = verdicts_[60] = other.verdict();
  EXPECT_TRUE(encoder().tell(60, verdicts_[60]));
  EXPECT_FALSE(encoder().tell(0, verdicts_[0]));
}

TEST(Table, AnswersAreCurrentThenStaleThenExpired) {
  auto bytes = table_of({Sample()});  // a lease of 3 s, and 7 s more
  store(bytes.data() + table::at::kLeaseUntil, 100 * kSecond);
  const table::View table = table::View::over(bytes);
  EXPECT_EQ(table.freshness(99 * kSecond), table::Freshness::current);
  EXPECT_EQ(table.freshness(100 * kSecond), table::Freshness::stale);
  EXPECT_EQ(table.freshness(107 * kSecond - 1), table::Freshness::stale);
  EXPECT_EQ(table.freshness(107 * kSecond), table::Freshness::expired);
}

TEST(Table, ALeaseRenewedWhileTheClockWasReadIsCurrent) {
  auto bytes = table_of({Sample()});
  store(bytes.data() + table::at::kLeaseUntil, 100 * kSecond);
  EXPECT_EQ(table::View::over(bytes).freshness(97 * kSecond - 1000), table::Freshness::current);
}

TEST(Table, ALeaseFarAheadIsNotCurrent) {
  auto bytes = table_of({Sample()});
  store(bytes.data() + table::at::kLeaseUntil, 100 * kSecond);
  const table::View table = table::View::over(bytes);
  EXPECT_EQ(table.freshness(94 * kSecond), table::Freshness::current);
  EXPECT_EQ(table.freshness(94 * kSecond - 2), table::Freshness::expired);
  EXPECT_EQ(table.freshness(0), table::Freshness::expired);
}

TEST(Table, AnotherMajorVersionOrMagicOrSizeIsRefused) {
  const auto good = table_of({Sample()});
  for (const std::size_t at : {table::at::kMagic, table::at::kMajorVersion, table::at::kSize}) {
    auto bytes = good;
    bytes[at] ^= 1U;
    EXPECT_FALSE(table::View::over(bytes).valid()) << at;
  }
  EXPECT_TRUE(table::View::over(good).valid());
}

TEST(Table, SaysInWhichNetworkItsScoresAreTrue) {
  const auto verdict = Sample();
  const std::vector<ServiceVerdict> services = {verdict.verdict()};
  const auto bytes = publish::encode_table(
      services,
      {.max_stale = std::chrono::seconds(10), .network = {.device = 4, .inode = 5, .cookie = 6}},
      [](const Address&) { return 0; });
  EXPECT_EQ(table::View::over(bytes).network(), (Network{4, 5, 6}));
}

TEST(Table, ARecordOfTheFirstReleaseIsRead) {
  auto bytes = Sample().backend("10.0.0.1", {.weight = 0}).backend("10.0.0.2").record();
  // Its header was shorter, and a weight of 0 had no flag.
  namespace at = record::at;
  bytes.erase(bytes.begin() + at::kOldHeaderEnd, bytes.begin() + at::kHeaderEnd);
  store(bytes.data() + at::kSize, static_cast<std::uint32_t>(bytes.size()));
  store(bytes.data() + at::kHeaderSize, std::uint16_t{at::kOldHeaderEnd});
  const auto name_offset = load<std::uint32_t>(bytes.data() + at::kNameOffset);
  store(bytes.data() + at::kNameOffset, name_offset - 8);
  bytes[at::kOldHeaderEnd + at::kBackendFlags] = record::kUp;
  const record::View record = record::View::over(bytes);
  ASSERT_TRUE(record.valid());
  EXPECT_EQ(record.name(), "app.local");
  EXPECT_EQ(record.changes<Order::acquire>(), 0U);
  EXPECT_FALSE(record.state(0).has_share());
  EXPECT_TRUE(record.state(1).has_share());
}

TEST(Table, ARecordThatIsNotAlignedIsRefused) {
  auto bytes = Sample().backend("10.0.0.1").record();
  bytes.insert(bytes.begin(), 4, 0);
  EXPECT_FALSE(record::View::over(std::span(bytes).subspan(4)).valid());
}

TEST(Table, ANewerMinorVersionWithLongerRecordsIsRead) {
  auto bytes = Sample().backend("10.0.0.1").backend("10.0.0.2").record();
  // As a newer hlbd would write it: eight more bytes for each backend, the name moved behind them.
  const std::uint16_t longer = record::at::kBackendEnd + 8;
  std::vector<std::uint8_t> newer(bytes.begin(), bytes.begin() + record::at::kHeaderEnd);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto* backend = bytes.data() + record::at::kHeaderEnd + i * record::at::kBackendEnd;
    newer.insert(newer.end(), backend, backend + record::at::kBackendEnd);
    newer.insert(newer.end(), 8, 0xee);
  }
  store(newer.data() + record::at::kBackendSize, longer);
  store(newer.data() + record::at::kNameOffset, static_cast<std::uint32_t>(newer.size()));
  for (const char c : std::string("app.local"))
    newer.push_back(static_cast<std::uint8_t>(c));
  store(newer.data() + record::at::kSize, static_cast<std::uint32_t>(newer.size()));
  const record::View record = record::View::over(newer);
  ASSERT_TRUE(record.valid());
  EXPECT_EQ(record.backend(1).address()[3], 2);
  EXPECT_EQ(record.name(), "app.local");
}

TEST(Table, EveryCutAndEveryChangedByteIsHarmless) {
  const auto good = table_of({Sample().alias("app").subdomains().backend("10.0.0.1")});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::vector<std::uint8_t> cut(good.begin(),
                                        good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(table::View::over(cut).valid());
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      auto bytes = good;
      bytes[at] = static_cast<std::uint8_t>(value);
      const table::View table = table::View::over(bytes);
      if (table.valid()) found(table, "x.app.local");  // the sanitizers watch
    }
  }
}

TEST(Name, IsLowerCaseWhateverItsLengthAndBytes) {
  std::string all;
  for (int i = 1; i < 250; ++i)
    all += static_cast<char>(i);
  std::erase(all, ':');
  for (std::size_t length = 1; length <= all.size(); ++length) {
    const std::string asked = "x" + all.substr(all.size() - length);
    std::string expected = asked;
    for (char& c : expected)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    ASSERT_EQ(Name(asked).text(), expected) << length;
  }
}

TEST(Name, IsNoServicesIfThereIsAColonAnywhere) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string name(40, 'a');
    name[at] = ':';
    EXPECT_FALSE(Name(name).plausible()) << at;
  }
}

TEST(Name, HashesAsTheDescriptionSays) {
  EXPECT_EQ(hash(""), 0U);
  const auto step = [](std::uint64_t value, std::uint64_t eight) {
    value = (value ^ eight) * 0x9e3779b97f4a7c15;
    return value ^ (value >> 32U);
  };
  EXPECT_EQ(hash("app"), step(3, 0x707061));
  EXPECT_EQ(hash("12345678"), step(8, 0x3837363534333231));
  EXPECT_EQ(hash("123456789"), step(step(9, 0x3837363534333231), 0x39));
}

TEST(Name, OverlongEmptyAndNumericNamesAreNoServices) {
  for (const char* name : {"", ".", "127.0.0.1", "1", "::1", "fe80::1%eth0"}) {
    EXPECT_FALSE(Name(name).plausible()) << name;
  }
  EXPECT_TRUE(Name(std::string(253, 'a') + '.').plausible());
  EXPECT_FALSE(Name(std::string(254, 'a')).plausible());
}

}  // namespace
}  // namespace hlb
