#include "ctl/doctor/nsswitch.h"

#include <gtest/gtest.h>

namespace hlb::ctl::doctor {
namespace {

// The sources of the hosts line, as written; "none" without such a line.
std::string sources_of(std::string_view text) {
  const Nsswitch nsswitch = Nsswitch::parse(text);
  if (!nsswitch.hosts) return "none";
  std::string joined;
  for (const NssSource& source : nsswitch.hosts->sources)
    joined += (joined.empty() ? "" : "|") + source.to_string();
  return joined;
}

std::string error_of(std::string_view text) {
  const Nsswitch nsswitch = Nsswitch::parse(text);
  return nsswitch.error ? std::to_string(nsswitch.error->line) + ": " + nsswitch.error->text : "";
}

// The statuses on which the first source ends the search, by their initials.
std::string stops_of(std::string_view line) {
  const Nsswitch nsswitch = Nsswitch::parse("hosts: " + std::string(line) + "\n");
  const NssSource& source = nsswitch.hosts.value().sources.front();
  std::string stops;
  for (const auto& [status, initial] :
       {std::pair(SourceStatus::success, 'S'), std::pair(SourceStatus::notfound, 'N'),
        std::pair(SourceStatus::unavail, 'U'), std::pair(SourceStatus::tryagain, 'T'),
        std::pair(SourceStatus::ended, 'E')}) {
    if (source.stops_on(status)) stops += initial;
  }
  return stops;
}

// What glibc 2.36 does with each of these was seen by LD_DEBUG=libs.
TEST(Nsswitch, ReadsTheSourcesOfTheHostsLine) {
  EXPECT_EQ(sources_of("hosts: files hlb dns\n"), "files|hlb|dns");
  EXPECT_EQ(sources_of("passwd: files\n\t hosts :: hlb[NOTFOUND=return]dns\n"),
            "hlb [NOTFOUND=return]|dns");
  EXPECT_EQ(sources_of("hosts hlb\n"), "hlb");
  EXPECT_EQ(sources_of("hosts:\n"), "");
  EXPECT_EQ(sources_of("HOSTS: hlb\n# hosts: hlb\n#hosts: hlb\nhost: hlb\n"), "none");
  EXPECT_EQ(sources_of(""), "none");
}

TEST(Nsswitch, TakesTheLastOfSeveralHostsLines) {
  EXPECT_EQ(sources_of("hosts: hlb\nhosts: dns\n"), "dns");
}

TEST(Nsswitch, TakesAHashWithinALineForASource) {
  EXPECT_EQ(sources_of("hosts: files # hlb\n"), "files|#|hlb");
}

TEST(Nsswitch, DoesNotReadALastLineWithoutANewline) {
  const Nsswitch nsswitch = Nsswitch::parse("hosts: dns\nhosts: hlb");
  EXPECT_TRUE(nsswitch.hosts_unterminated);
  EXPECT_EQ(nsswitch.hosts.value().sources.front().name, "dns");
  EXPECT_FALSE(Nsswitch::parse("hosts: hlb\npasswd: files").hosts_unterminated);
}

TEST(Nsswitch, StopsReadingAtBracketsThatFollowNoSource) {
  const Nsswitch nsswitch = Nsswitch::parse("hosts: files [SUCCESS=return] [x] hlb\n");
  EXPECT_EQ(nsswitch.hosts.value().sources.size(), 1U);
  EXPECT_EQ(nsswitch.hosts.value().unread, "[x] hlb");
  EXPECT_EQ(Nsswitch::parse("hosts: [x] hlb\n").hosts.value().unread, "[x] hlb");
}

TEST(Nsswitch, FindsAnErrorInTheLineOfAnyDatabase) {
  EXPECT_EQ(error_of("hosts: files []\n"), "1: []");
  EXPECT_EQ(error_of("hosts: files [\n"), "1: [");
  EXPECT_EQ(error_of("hosts: files [NOTFOUND=]\n"), "1: [NOTFOUND=]");
  EXPECT_EQ(error_of("hosts: files [FOUND=return] dns\n"), "1: [FOUND=return]");
  EXPECT_EQ(error_of("hosts: files [! NOTFOUND=return]\n"), "1: [! NOTFOUND=return]");
  EXPECT_EQ(error_of("hosts: files [NOTFOUND=return UNAVAIL]\n"), "1: [NOTFOUND=return UNAVAIL]");
  EXPECT_EQ(error_of("\nshadow_compat: files [x=y]\nhosts: hlb\n"), "2: [x=y]");
  EXPECT_EQ(error_of("sudoers: files [x=y]\nhosts: hlb\n"), "");
}

TEST(Nsswitch, KnowsOnWhatASourceEndsTheSearch) {
  EXPECT_EQ(stops_of("hlb"), "SE");
  EXPECT_EQ(stops_of("hlb [NOTFOUND=return]"), "SNE");
  EXPECT_EQ(stops_of("hlb [!UNAVAIL=return]"), "SNTE");
  EXPECT_EQ(stops_of("hlb [!UNAVAIL=continue]"), "");
  EXPECT_EQ(stops_of("hlb [!success=Continue]"), "S");
  EXPECT_EQ(stops_of("hlb [ SUCCESS = merge  tryagain=RETURN ]"), "TE");
}

TEST(Nsswitch, ToleratesAnyBytes) {
  std::string text = "hosts: files [!NOTFOUND=return] hlb\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'\0', '[', ']', '=', '!', '\n', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      Nsswitch::parse(changed);
      Nsswitch::parse(std::string_view(changed).substr(0, i));
    }
  }
}

}  // namespace
}  // namespace hlb::ctl::doctor
