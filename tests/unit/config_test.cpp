// What good configurations mean, and which files make one up.

#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "libnss_hlb/record.h"
#include "tests/unit/config_parsing.h"

namespace hlb {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using namespace std::chrono_literals;
using namespace std::string_literals;

static_assert(kMaxBackends == record::kMaxBackends);

// The configuration, or a failed test that shows what was wrong.
Config good(const LoadResult& result) {
  EXPECT_THAT(faults_of(result), IsEmpty());
  const Config* config = result ? &*result : nullptr;
  return config == nullptr ? Config{} : *config;
}

std::string service(const std::string& name) {
  return "[[service]]\nname = \"" + name +
         "\"\nbackends = [\"10.0.0.1\"]\ncheck = { type = \"tcp\", port = 1 }\n";
}

BackendSpec backend(std::string_view address, std::uint32_t weight = 1, std::uint16_t priority = 0,
                    std::uint16_t port = 0) {
  const auto parsed = Address::parse(address);
  EXPECT_TRUE(parsed) << address;
  return {parsed.value_or(Address{}), weight, priority, port};
}

std::vector<std::string> names_of(const Config& config) {
  std::vector<std::string> names;
  names.reserve(config.services.size());
  for (const ServiceSpec& one : config.services)
    names.push_back(one.name);
  return names;
}

HttpCheck http(std::string host, std::string path = "/") {
  HttpCheck check;
  check.host = std::move(host);
  check.path = std::move(path);
  return check;
}

TEST(Config, HasTheDocumentedDefaults) {
  const Config config = good(parse_config(service("a.b")));
  EXPECT_EQ(config.log_level, LogLevel::info);
  EXPECT_EQ(config.max_stale, 10s);
  EXPECT_THAT(config.on_change, IsEmpty());
  EXPECT_EQ(config.on_change_user, "nobody");
  EXPECT_TRUE(config.watch_connections);
  EXPECT_FALSE(config.count_connections);
  EXPECT_EQ(config.metrics, std::nullopt);

  ServiceSpec expected;
  expected.name = "a.b";
  expected.backends = {backend("10.0.0.1")};
  expected.checks = {{.method = TcpCheck{}, .port = 1, .interval = 2s, .timeout = 1s}};
  EXPECT_THAT(config.services, ElementsAre(expected));
  EXPECT_EQ(expected.answer, AnswerMode::spread);
  EXPECT_EQ(expected.when_all_down, WhenAllDown::fail);
  EXPECT_FALSE(expected.subdomains);
  EXPECT_EQ(expected.max_addresses, 8);
}

TEST(Config, TakesAProgramToRunOnChangesOfAllServicesOrOfOne) {
  const Config config = good(parse_config(R"(
service = [
  { name = "as-all.b", backends = ["::1"], check = { type = "none" } },
  { name = "own.b", backends = ["::1"], check = { type = "none" }, on_change = ["/bin/true", ""] },
  { name = "none.b", backends = ["::1"], check = { type = "none" }, on_change = [] },
]
[daemon]
on_change = ["/bin/sh", "-c", "true"]
on_change_user = "root"
)"));
  EXPECT_THAT(config.on_change, ElementsAre("/bin/sh", "-c", "true"));
  EXPECT_EQ(config.on_change_user, "root");
  ASSERT_THAT(names_of(config), ElementsAre("as-all.b", "own.b", "none.b"));
  EXPECT_EQ(config.services[0].on_change, std::nullopt);
  EXPECT_EQ(config.services[1].on_change, (std::vector{"/bin/true"s, ""s}));
  EXPECT_EQ(config.services[2].on_change, std::vector<std::string>());
}

TEST(Config, TakesNoProgramForAnEmptyOne) {
  EXPECT_THAT(good(parse_config("[daemon]\non_change = []\n" + service("a.b"))).on_change,
              IsEmpty());
}

TEST(Config, TakesEveryKey) {
  const Config config = good(parse_config(R"(
[daemon]
log_level = "error"
max_stale = "1.5s"
watch_connections = false
count_connections = true
[[service]]
name = "App.Local."
backends = ["10.0.0.1", { address = "fd99::1", weight = 65535, priority = 65535, port = 65535 },
            { address = "fe80::1%lo", weight = 0 }]
answer = "one"
max_addresses = 4096
when_all_down = "next"
min_healthy = 2
panic = "50%"
failback = "10m"
subdomains = true
except = ["Git.app.local.", "a.b.app.local"]
aliases = ["B.local", "_c-d.local."]
checks_needed = 1
[service.check]
type = "http"
port = 8082
path = "/health?a=%20"
host = "[fd99::1]:80"
interval = "50ms"
timeout = "10ms"
rise = 1
fall = 100
)"));
  EXPECT_EQ(config.log_level, LogLevel::error);
  EXPECT_EQ(config.max_stale, 1500ms);
  EXPECT_FALSE(config.watch_connections);
  EXPECT_TRUE(config.count_connections);

  ServiceSpec expected;
  expected.name = "app.local";
  expected.aliases = {"b.local", "_c-d.local"};
  expected.subdomains = true;
  expected.except = {"git.app.local", "a.b.app.local"};
  expected.answer = AnswerMode::one;
  expected.max_addresses = 4096;
  expected.checks_needed = 1;
  expected.when_all_down = WhenAllDown::next;
  expected.min_healthy.number = 2;
  expected.panic_percent = 50;
  expected.failback = 10min;
  expected.backends = {backend("10.0.0.1"), backend("fd99::1", 65535, 65535, 65535),
                       backend("fe80::1%lo", 0)};
  expected.checks = {{.method = http("[fd99::1]:80", "/health?a=%20"),
                      .port = 8082,
                      .interval = 50ms,
                      .timeout = 10ms,
                      .rise = 1,
                      .fall = 100}};
  EXPECT_THAT(config.services, ElementsAre(expected));
}

TEST(Config, TakesEveryWordOfAChoice) {
  const auto with = [](const std::string& line) {
    return good(parse_config("[[service]]\n" + line + "\n" + service("a.b").substr(12)));
  };
  EXPECT_EQ(with("answer = 'spread'").services.at(0).answer, AnswerMode::spread);
  EXPECT_EQ(with("answer = 'all'").services.at(0).answer, AnswerMode::all);
  EXPECT_EQ(with("when_all_down = 'fail'").services.at(0).when_all_down, WhenAllDown::fail);
  EXPECT_EQ(with("when_all_down = 'all'").services.at(0).when_all_down, WhenAllDown::all);

  EXPECT_EQ(with("min_healthy = '1%'").services.at(0).min_healthy.percent, 1);
  EXPECT_EQ(with("min_healthy = 4096").services.at(0).min_healthy.number, 4096);
  EXPECT_EQ(with("panic = '100%'").services.at(0).panic_percent, 100);
  EXPECT_EQ(with("failback = 'at once'").services.at(0).failback, 0ms);
  EXPECT_EQ(with("failback = 'manual'").services.at(0).failback, std::nullopt);

  const auto level = [](const std::string& word) {
    return good(parse_config("[daemon]\nlog_level='" + word + "'\n" + service("a.b"))).log_level;
  };
  EXPECT_EQ(level("trace"), LogLevel::trace);
  EXPECT_EQ(level("debug"), LogLevel::debug);
  EXPECT_EQ(level("info"), LogLevel::info);
  EXPECT_EQ(level("warn"), LogLevel::warn);
}

TEST(Config, SendsTheServicesNameAsHostUnlessToldOtherwise) {
  const Config config = good(parse_config(
      "service = [{ name = 'A.b', backends = ['::1'], check = { type = 'http', port = 1 } }]"));
  EXPECT_EQ(std::get<HttpCheck>(config.services.at(0).checks.at(0).method).host, "a.b");
}

TEST(Config, NeedsNoPortOfTheCheckWhenEveryBackendHasItsOwn) {
  const Config config =
      good(parse_config("service = [{ name = 'a.b', backends = [{ address = '::1', port = 7 }], "
                        "check = { type = 'tcp' } }]"));
  EXPECT_EQ(check_port(config.services.at(0).checks.at(0), config.services.at(0).backends.at(0)),
            7);
}

TEST(Config, TakesTheLongestNames) {
  const std::string label(63, 'a');
  std::string name = label;
  for (int i = 0; i < 2; ++i)
    name += "." + label;
  name += "." + std::string(61, 'b');
  ASSERT_EQ(name.size(), 253U);
  EXPECT_THAT(names_of(good(parse_config(service(name + ".")))), ElementsAre(name));
}

TEST(Config, TakesBackendsByNameAndByServiceRecord) {
  const Config config = good(parse_config(R"(
[[service]]
name = "a.b"
backends = ["10.0.0.1", "App1.internal.", { srv = "_app._tcp.internal" }, "app2",
            { name = "app3.internal", weight = 0, priority = 3, port = 81 }, { name = "10.com" },
            { srv = "_app._tcp.other", port = 82, hold = "0s" },
            { name = "_app._tcp.internal", hold = "90s" }]
check = { type = "tcp", port = 80 }
)"));
  const ServiceSpec& service = config.services.at(0);
  EXPECT_THAT(service.backends, ElementsAre(backend("10.0.0.1")));
  EXPECT_THAT(
      service.named,
      ElementsAre(NamedBackends{.name = "app1.internal"},
                  NamedBackends{.name = "_app._tcp.internal", .srv = true},
                  NamedBackends{.name = "app2"}, NamedBackends{"app3.internal", false, 0, 3, 81},
                  NamedBackends{.name = "10.com"},
                  NamedBackends{.name = "_app._tcp.other", .srv = true, .port = 82, .hold = 0ms},
                  NamedBackends{.name = "_app._tcp.internal", .hold = 90s}));
}

TEST(Config, NeedsNoPortOfTheCheckForServiceRecords) {
  const Config config =
      good(parse_config("service = [{ name = 'a.b', backends = [{ srv = '_a._tcp.c' }], "
                        "check = { type = 'tcp' } }]"));
  EXPECT_THAT(config.services.at(0).backends, IsEmpty());
}

TEST(Config, TakesAsManyBackendsAsARecordHoldsAndNoMore) {
  const auto with = [](std::size_t count) {
    std::string text = "[[service]]\nname = 'a.b'\nbackends = [\n";
    for (std::size_t i = 0; i < count; ++i) {
      text += "'10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "',\n";
    }
    return parse_config(text + "]\ncheck = { type = 'tcp', port = 1 }\n");
  };
  EXPECT_EQ(good(with(4096)).services.at(0).backends.size(), 4096U);
  EXPECT_THAT(
      faults_of(with(4097)),
      ElementsAre("hlbd.toml:3:12: \"backends\" has 4097 entries; at most 4096 are possible "
                  "in one service"));
}

TEST(Config, ReportsAllFaultsOfAllFilesInTheOrderOfTheirPlaces) {
  const auto result = parse_config("[[service]]\nzzz = 1\nname = 1\nbackends = ['1', 2]\n",
                                   "[daemon]\n[[service]]\nfoo = 1\n" + service("a.b").substr(12));
  EXPECT_THAT(
      faults_of(result),
      ElementsAre(StartsWith("hlbd.toml:1:1: [[service]] has no \"check\""),
                  StartsWith("hlbd.toml:2:1: unknown key \"zzz\""),
                  StartsWith("hlbd.toml:3:8: \"name\" must be a string"),
                  StartsWith("hlbd.toml:4:13: \"1\" is no address"),
                  StartsWith("hlbd.toml:4:18: a backend must be"),
                  "services.d/a.toml:1:1: [daemon] can stand in hlbd.toml only; move it there",
                  StartsWith("services.d/a.toml:3:1: unknown key \"foo\"")));
}

TEST(Config, RefusesANameThatAnotherFileHas) {
  EXPECT_THAT(faults_of(parse_config(service("a.b"), service("c.d") + service("A.B."))),
              ElementsAre("services.d/a.toml:6:8: \"A.B.\" is a name at hlbd.toml:2:8 already; "
                          "rename one of them"));
}

TEST(Config, MayHaveItsOnlyServiceInServicesD) {
  EXPECT_THAT(names_of(good(parse_config("", service("a.b")))), ElementsAre("a.b"));
}

// A folder of its own for each test.
class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "hlb-config-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  LoadResult load() { return load_config(main_file()); }
  std::filesystem::path main_file() const { return folder_ / "hlbd.toml"; }
  std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

TEST_F(ConfigFiles, OfServicesDFollowTheMainFileInTheOrderOfTheirNames) {
  write("services.d/20-b.toml", service("d.e"));
  write("services.d/10-a.toml", service("z.a") + service("b.c"));
  write("hlbd.toml", service("m.n"));
  EXPECT_THAT(names_of(good(load())), ElementsAre("m.n", "z.a", "b.c", "d.e"));
}

TEST_F(ConfigFiles, ThatAreHiddenOrNotTomlAreLeftOut) {
  write("hlbd.toml", service("m.n"));
  for (const char* name :
       {".hidden.toml", ".toml", "a.toml~", "a.toml.dpkg-old", "toml", "README"}) {
    write("services.d/"s + name, "broken");
  }
  EXPECT_THAT(names_of(good(load())), ElementsAre("m.n"));
}

TEST_F(ConfigFiles, ThatWereMeantToBeReadAreNamed) {
  write("hlbd.toml", service("m.n"));
  for (const char* name : {".hidden", "a.toml~", "#a.toml#", "a.toml.bak", "a.toml.dpkg-old",
                           "a.toml.disabled", ".a.toml.swp", "folder/a.conf"}) {
    write("services.d/"s + name, "broken");
  }
  EXPECT_THAT(good(load()).warnings, IsEmpty());
  write("services.d/b.toml.txt", "");
  write("services.d/a.conf", service("x.y"));
  const std::string warning = in_folder("services.d") +
                              ": files whose names don't end in .toml are not read; rename or "
                              "move \"a.conf\", \"b.toml.txt\"";
  EXPECT_THAT(good(load()).warnings, ElementsAre(warning));
  write("hlbd.toml", "");
  EXPECT_THAT(faults_of(load()), ElementsAre(HasSubstr("there is no [[service]]"), warning));
  for (const char* name : {"c", "d", "e", "f", "g", "h", "i"})
    write("services.d/"s + name, "");
  EXPECT_THAT(faults_of(load()).back(), EndsWith("\"g\", \"h\" and 1 more"));
}

TEST_F(ConfigFiles, NameTheirPlaceInFull) {
  write("hlbd.toml", service("a.b"));
  write("services.d/x.toml", "service = 1");
  EXPECT_THAT(faults_of(load()), ElementsAre(StartsWith(in_folder("services.d/x.toml") +
                                                        ":1:11: \"service\" must be")));
}

TEST_F(ConfigFiles, ThatAreMissingOrNoFilesAreFaults) {
  EXPECT_THAT(faults_of(load()),
              ElementsAre(main_file().string() + ": cannot be read: No such file or directory"));
  std::filesystem::create_directories(folder_ / "hlbd.toml");
  std::filesystem::create_directories(folder_ / "services.d");
  ASSERT_EQ(mkfifo(in_folder("services.d/fifo.toml").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder_ / "services.d/link.toml");
  EXPECT_THAT(
      faults_of(load()),
      ElementsAre(
          main_file().string() + ": is a directory; put a file in its place",
          in_folder("services.d/fifo.toml") + ": is not a regular file; put one in its place",
          in_folder("services.d/link.toml") + ": cannot be read: No such file or directory"));
}

// Root may read everything, so it steps down for the time of one load.
class Unprivileged {
 public:
  Unprivileged() : was_(geteuid()) { EXPECT_EQ(seteuid(was_ == 0 ? 65534 : was_), 0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() { EXPECT_EQ(seteuid(was_), 0); }

 private:
  uid_t was_;
};

TEST_F(ConfigFiles, ThatMayNotBeReadAreFaults) {
  write("hlbd.toml", service("a.b"));
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  ASSERT_EQ(chmod(main_file().c_str(), 0), 0);
  const Unprivileged step_down;
  EXPECT_THAT(faults_of(load()), ElementsAre(main_file().string() +
                                             ": cannot be read by user nobody: Permission denied"));
}

TEST_F(ConfigFiles, InPlaceOfTheServicesFolderAreAFault) {
  write("hlbd.toml", service("a.b"));
  write("services.d", "");
  EXPECT_THAT(faults_of(load()),
              ElementsAre(in_folder("services.d") + ": cannot be read: Not a directory"));
}

TEST_F(ConfigFiles, MayHaveOneMebibyteAndNoMore) {
  const std::string text = service("a.b") + "#";
  write("hlbd.toml", text + std::string((1U << 20U) - text.size(), 'x'));
  EXPECT_THAT(names_of(good(load())), ElementsAre("a.b"));
  write("hlbd.toml", text + std::string((1U << 20U) - text.size() + 1, 'x'));
  EXPECT_THAT(faults_of(load()),
              ElementsAre(main_file().string() +
                          ": is larger than 1 MiB; split it into services.d/*.toml"));
}

TEST_F(ConfigFiles, OfNoiseAreAFaultWhateverTheirSize) {
  std::mt19937 random(1);  // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp): repeatable
  for (const std::size_t size : {1U, 1000U, 1'000'000U, 10'000'000U}) {
    std::string noise(size, '\0');
    for (char& c : noise)
      c = static_cast<char>(random());
    write("hlbd.toml", noise);
    EXPECT_THAT(faults_of(load()), ElementsAre(StartsWith(main_file().string() + ":"))) << size;
  }
}

TEST(ConfigSample, IsTheServiceOfTheReadme) {
  const auto tree = std::filesystem::path(__FILE__).parent_path() / "../..";
  const Config config = good(load_config(tree / "hlbd/data/hlbd.toml"));
  ServiceSpec expected;
  expected.name = "my-awesome-highload-app.local";
  expected.backends = {backend("127.0.0.1"), backend("127.0.0.2")};
  expected.checks = {{.method = http(expected.name), .port = 8082}};
  EXPECT_THAT(config.services, ElementsAre(expected));
}

}  // namespace
}  // namespace hlb
