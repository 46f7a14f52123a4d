#include "probes/file/backend_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

namespace hlb::probes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Address address(std::string_view text) {
  return Address::parse(text).value();
}

std::vector<std::string> faults_of(const BackendFile& file) {
  std::vector<std::string> texts;
  for (const FileFault& fault : file.faults())
    texts.push_back(fault.to_string("f"));
  return texts;
}

std::vector<std::string> faults_of(std::string text) {
  return faults_of(BackendFile(std::move(text)));
}

// The number of the line that speaks for the backend; 0: none does.
unsigned line_for(const BackendFile& file, std::string_view backend, std::uint16_t port) {
  const BackendFile::Line* line = file.find(address(backend), port);
  return line == nullptr ? 0 : line->number;
}

// What a file of one line says.
Statement said(const std::string& words) {
  const BackendFile file("10.0.0.1 " + words + "\n");
  EXPECT_THAT(file.faults(), IsEmpty());
  return file.find(address("10.0.0.1"), 0)->statement();
}

TEST(BackendFile, SaysNothingOfAnyoneWhenEmpty) {
  for (const std::string text : {"", "\n", "\n\n  \t\r\n", "# 10.0.0.1 up\n", "  # 10.0.0.1 up"}) {
    const BackendFile file(text);
    EXPECT_THAT(file.faults(), IsEmpty()) << text;
    EXPECT_EQ(line_for(file, "10.0.0.1", 80), 0U) << text;
  }
}

TEST(BackendFile, HasALineForEachBackend) {
  const BackendFile file(
      "# by the deployment\n10.0.0.2 up\n\n10.0.0.1\tdown # disk\r\nfd99::1 75%");
  EXPECT_THAT(file.faults(), IsEmpty());
  EXPECT_EQ(line_for(file, "10.0.0.2", 80), 2U);
  EXPECT_EQ(line_for(file, "10.0.0.1", 80), 4U);
  EXPECT_EQ(line_for(file, "fd99::1", 0), 5U);
  EXPECT_EQ(line_for(file, "10.0.0.3", 80), 0U);
}

TEST(BackendFile, TakesAnAddressInEveryForm) {
  const BackendFile file(
      "10.0.0.1 up\n10.0.0.2:80 up\nfd99::1 up\n[fd99::2] up\n[fd99::3]:80 up\nfe80::1%lo up\n"
      "  10.0.0.4, up\n");
  EXPECT_THAT(file.faults(), IsEmpty());
  EXPECT_EQ(line_for(file, "10.0.0.1", 80), 1U);
  EXPECT_EQ(line_for(file, "10.0.0.2", 80), 2U);
  EXPECT_EQ(line_for(file, "fd99::1", 80), 3U);
  EXPECT_EQ(line_for(file, "fd99::2", 80), 4U);
  EXPECT_EQ(line_for(file, "fd99::3", 80), 5U);
  EXPECT_EQ(line_for(file, "fe80::1%lo", 80), 6U);
  EXPECT_EQ(line_for(file, "10.0.0.4", 80), 7U);
}

TEST(BackendFile, PrefersTheLineOfTheVeryPort) {
  const BackendFile file("10.0.0.1 up\n10.0.0.1:80 down\n10.0.0.2:80 up\n");
  EXPECT_EQ(line_for(file, "10.0.0.1", 80), 2U);
  EXPECT_EQ(line_for(file, "10.0.0.1", 81), 1U);
  EXPECT_EQ(line_for(file, "10.0.0.1", 0), 1U);
  EXPECT_EQ(line_for(file, "10.0.0.2", 81), 0U);
  EXPECT_EQ(line_for(file, "10.0.0.2", 0), 0U);
}

TEST(BackendFile, SaysAllOfABackendInItsLine) {
  EXPECT_EQ(said("up").up, true);
  EXPECT_EQ(said("up").advice, (Advice{100, false}));
  EXPECT_EQ(said("down # disk full").up, false);
  EXPECT_EQ(said("drain").up, true);
  EXPECT_EQ(said("drain").advice, (Advice{100, true}));
  EXPECT_EQ(said("50%").up, true);
  EXPECT_EQ(said("50%").advice, (Advice{50, false}));
  EXPECT_EQ(said("DOWN,maint 0%").up, false);
  EXPECT_EQ(said("DOWN,maint 0%").advice, (Advice{0, true}));
}

TEST(BackendFile, TellsEachFaultWithItsLine) {
  EXPECT_THAT(faults_of("10.0.0.1 up\n10.0.0.300 up\n"),
              ElementsAre("f:2: \"10.0.0.300\" is no address such as 10.0.0.1, 10.0.0.1:80, "
                          "fd99::1 or [fd99::1]:80"));
  EXPECT_THAT(faults_of("\n10.0.0.1 dwn\n"),
              ElementsAre("f:2: \"dwn\" is none of up, down, drain, maint, ready and 75%"));
  EXPECT_THAT(faults_of("10.0.0.1 # up\n"),
              ElementsAre("f:1: says nothing of 10.0.0.1; write up, down, drain or 75% behind it"));
  EXPECT_THAT(faults_of("10.0.0.1 up\n10.0.0.2 up\n10.0.0.1 up\n"),
              ElementsAre("f:1: 10.0.0.1 stands in line 3 again; remove one of them"));
  EXPECT_THAT(faults_of("10.0.0.1 up" + std::string(1024, ' ')),
              ElementsAre("f:1: is longer than 1024 bytes"));
}

TEST(BackendFile, TakesNothingElseForAnAddress) {
  for (const std::string word :
       {"up", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:80x", "10.0.0.1:80:1",
        "[fd99::1", "[fd99::1]80", "[fd99::1]:", "[]", "[", "a.b", "10.0.0.1#", "fe80::1%none"}) {
    EXPECT_THAT(faults_of(word + " up"), ElementsAre(HasSubstr("is no address"))) << word;
  }
}

TEST(BackendFile, MarksAFaultAtItsBackendAlone) {
  const BackendFile file("10.0.0.1 dwn\n10.0.0.2 up\n10.0.0.3:80 up\n10.0.0.3:80 down\n");
  EXPECT_THAT(file.find(address("10.0.0.1"), 0)->fault(), HasSubstr("dwn"));
  EXPECT_EQ(file.find(address("10.0.0.2"), 0)->fault(), "");
  EXPECT_THAT(file.find(address("10.0.0.3"), 80)->fault(), HasSubstr("line 4"));
}

TEST(BackendFile, TellsOfTheFirstFaultsAndHowManyMoreThereAre) {
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += "10.0.0." + std::to_string(i) + " x\nx up\n";
  const BackendFile file(text);
  ASSERT_THAT(file.faults(), SizeIs(BackendFile::kMaxFaults + 1));
  for (unsigned i = 0; i < BackendFile::kMaxFaults; ++i)
    EXPECT_EQ(file.faults()[i].line, i + 1);
  EXPECT_EQ(file.faults().back().to_string("f"), "f: has 90 more lines with faults");
}

TEST(BackendFile, ShowsBytesOfNoiseAsEscapes) {
  EXPECT_THAT(faults_of(std::string("\x1b[31m\0 up", 9)),
              ElementsAre(HasSubstr("\"\\x1b[31m\\x00\" is no address")));
}

TEST(BackendFile, ToleratesAnyBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 300, '\0');
    constexpr std::string_view kLikely = "10.:[]%# \n\r,upd";
    for (char& byte : text)
      byte = random() % 4 == 0 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
    EXPECT_LE(BackendFile(text).faults().size(), BackendFile::kMaxFaults + 1);
  }
}

std::vector<std::string> difference(const std::string& one, const std::string& other) {
  const BackendFile before(one);
  const BackendFile after(other);
  std::vector<std::string> addresses;
  for (const Address& each : BackendFile::difference(&before, &after))
    addresses.push_back(each.to_string());
  return addresses;
}

TEST(BackendFileDifference, IsEmptyWhenLinesOnlyMove) {
  EXPECT_THAT(difference("10.0.0.1 up\n10.0.0.2 up\n", "\n10.0.0.2 up\n#\n10.0.0.1 up\n"),
              IsEmpty());
}

TEST(BackendFileDifference, HasThoseWhoseLinesWereChangedAddedOrRemoved) {
  EXPECT_THAT(difference("10.0.0.1 up\n10.0.0.2 up\n10.0.0.4 up\n",
                         "10.0.0.2 down\n10.0.0.3 up\n10.0.0.4 up\n"),
              ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.3"));
  EXPECT_THAT(difference("10.0.0.1 up\n", "10.0.0.1 up\n10.0.0.1 up\n"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(difference("10.0.0.1:80 up\n10.0.0.1:81 up\n", "10.0.0.1:80 down\n"),
              ElementsAre("10.0.0.1"));
}

TEST(BackendFileDifference, HasAllWhenThereWasNoFile) {
  const BackendFile file("10.0.0.2 up\n10.0.0.1 dwn\n");
  EXPECT_THAT(BackendFile::difference(nullptr, &file),
              ElementsAre(address("10.0.0.1"), address("10.0.0.2")));
  EXPECT_THAT(BackendFile::difference(&file, nullptr), SizeIs(2));
  EXPECT_THAT(BackendFile::difference(nullptr, nullptr), IsEmpty());
}

}  // namespace
}  // namespace hlb::probes
