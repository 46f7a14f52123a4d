// What hlbctl finds in configurations of dnsmasq, and what it says of the rest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "ctl/import/dnsmasq_start.h"
#include "tests/unit/folder.h"
#include "tests/unit/importing.h"

namespace hlb::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;

std::vector<std::string> notes_of(std::string_view text) {
  return to_lines(found_in_dnsmasq(text).notes());
}

// "name=argument", or the reason why dnsmasq refuses the line.
std::string parsed_dnsmasq(std::string_view line) {
  const auto option = parse_dnsmasq_line(line);
  return option ? option->name + "=" + option->argument : option.error();
}

DnsmasqStart only(const std::string& file) {
  return {.options = {}, .files = {file}};
}

// ---- the syntax of a line ----------------------------------------------------------------------

TEST(DnsmasqLine, HasWhiteSpaceAroundEverything) {
  EXPECT_EQ(parsed_dnsmasq(" \t address \t=  /a/10.0.0.1\t "), "address=/a/10.0.0.1");
}

TEST(DnsmasqLine, EndsInACommentBehindWhiteSpaceAlone) {
  EXPECT_EQ(parsed_dnsmasq("address=/#/10.0.0.1 # all"), "address=/#/10.0.0.1");
  EXPECT_EQ(parsed_dnsmasq("address=/a/10.0.0.1#5353"), "address=/a/10.0.0.1#5353");
  EXPECT_EQ(parsed_dnsmasq("# address=/a/10.0.0.1"), "=");
  EXPECT_EQ(parsed_dnsmasq("#address=/a/10.0.0.1"), "=");
}

TEST(DnsmasqLine, TakesQuotesAwayAndReadsEscapesInThem) {
  EXPECT_EQ(parsed_dnsmasq(R"(address="/a/10.0.0.1" # "c")"), "address=/a/10.0.0.1");
  EXPECT_EQ(parsed_dnsmasq(R"(x="a # b")"), "x=a # b");
  EXPECT_EQ(parsed_dnsmasq(R"(x=a\tb"c\"\\\td\q")"), "x=a\\tbc\"\\\td\\q");
}

TEST(DnsmasqLine, IsRefusedWithAQuoteThatIsNotClosed) {
  EXPECT_THAT(parsed_dnsmasq(R"(address="/a/10.0.0.1)"), HasSubstr("close it"));
  EXPECT_THAT(parsed_dnsmasq(R"(x="\")"), HasSubstr("close it"));
}

TEST(DnsmasqLine, MayHaveTheDashesOfTheCommandLine) {
  EXPECT_EQ(parsed_dnsmasq("--address=/a/10.0.0.1"), "address=/a/10.0.0.1");
}

TEST(DnsmasqLine, IsAnOptionAloneWithoutEquals) {
  EXPECT_EQ(parsed_dnsmasq("no-resolv"), "no-resolv=");
  EXPECT_EQ(parsed_dnsmasq(""), "=");
}

// ---- address= ----------------------------------------------------------------------------------

TEST(Dnsmasq, GivesEachNameOfAnAddressLineAndAllBelowItThatAddress) {
  EXPECT_THAT(
      addresses_of(found_in_dnsmasq("address=/a.example/B.Example./10.0.0.1\n"
                                    "address=/a.example/fd00::1\n")),
      ElementsAre("*a.example 10.0.0.1 1", "*b.example 10.0.0.1 1", "*a.example fd00::1 2"));
}

TEST(Dnsmasq, DropsTheDotInFrontOfADomain) {
  EXPECT_THAT(addresses_of(found_in_dnsmasq("address=/.a.example/10.0.0.1")),
              ElementsAre("*a.example 10.0.0.1 1"));
}

TEST(Dnsmasq, ReadsLinesThatEndInCarriageReturnsToo) {
  EXPECT_THAT(addresses_of(found_in_dnsmasq("address=/a/10.0.0.1\r\naddress=/b/10.0.0.2\r\n")),
              ElementsAre("*a 10.0.0.1 1", "*b 10.0.0.2 2"));
}

TEST(Dnsmasq, SaysWhyAnAddressLineIsNoService) {
  EXPECT_THAT(
      notes_of("address=/#/10.0.0.1\naddress=//10.0.0.1\naddress=10.0.0.1\naddress=/a/\n"
               "address=/a/#\naddress=/a/0.0.0.0\naddress=/a/10.0.0\naddress=/*.a/10.0.0.1\n"
               "address\naddress=/localhost/10.0.0.1\n"),
      ElementsAre(
          "d.conf:1: skipped: /#/ is every name there is, which no service can be",
          "d.conf:2: skipped: // is every name without a dot, which no service can be",
          "d.conf:3: skipped: address= without a name is for every name, which no service can be",
          "d.conf:4: skipped: has no address: dnsmasq says that there is no such name",
          "d.conf:5: skipped: # is the null address, where no backend can be",
          R"(d.conf:6: skipped: "0.0.0.0" is no address of a single host; give a backend's own)",
          R"(d.conf:7: skipped: "10.0.0" is no address)",
          R"(d.conf:8: skipped: "*.a" is no hostname; use letters, digits, "-", "_" and "." only)",
          "d.conf:9: skipped: address is given nothing",
          R"(d.conf:10: skipped: "localhost" belongs to the host itself; choose another name)"));
}

TEST(Dnsmasq, StillTakesTheOtherNamesOfALineWithAWrongOne) {
  const Entries entries = found_in_dnsmasq("address=/a/#/b b/c/10.0.0.1");
  EXPECT_THAT(addresses_of(entries), ElementsAre("*a 10.0.0.1 1", "*c 10.0.0.1 1"));
  EXPECT_EQ(entries.notes().size(), 2U);
}

TEST(Dnsmasq, PassesOverOptionsThatAreAboutSomethingElse) {
  const Entries entries = found_in_dnsmasq("port=53\n\nno-resolv\nserver=/a/10.0.0.1\n");
  EXPECT_THAT(entries.addresses(), IsEmpty());
  EXPECT_THAT(entries.notes(), IsEmpty());
}

TEST(Dnsmasq, SaysOfOptionsThatNameAddressesElsewhereWhatTheyAre) {
  EXPECT_THAT(notes_of("interface-name=a,eth0\nconf-script=/x\ndhcp-range=10.0.0.5,10.0.0.9\n"
                       "synth-domain=a,10.0.0.0/8\nlocalise-queries\nfilter-AAAA"),
              ElementsAre(HasSubstr("interface"), HasSubstr("save what it prints"),
                          HasSubstr("DHCP"), HasSubstr("makes names"), HasSubstr("own network"),
                          HasSubstr("d.conf:6: differs: ")));
}

// ---- host-record= and cname= -------------------------------------------------------------------

TEST(Dnsmasq, GivesTheNamesOfAHostRecordTheLastAddressOfEachFamily) {
  EXPECT_THAT(addresses_of(found_in_dnsmasq("host-record=a, a.lan ,10.0.0.9,10.0.0.1,fd00::1,300")),
              ElementsAre("a 10.0.0.1 1", "a.lan 10.0.0.1 1", "a fd00::1 1", "a.lan fd00::1 1"));
}

TEST(Dnsmasq, SaysWhatAHostRecordOrACnameLacks) {
  EXPECT_THAT(notes_of("host-record=a,\nhost-record=10.0.0.1,fd00::1\ncname=a\ncname=a,"),
              ElementsAre("d.conf:1: skipped: host-record= has no address",
                          "d.conf:2: skipped: host-record= has no name",
                          "d.conf:3-4: skipped: cname= needs an alias and a target"));
}

TEST(Dnsmasq, TakesAllButTheLastOfACnameForAliases) {
  const Entries entries = found_in_dnsmasq("cname=a, B,c.example.,300\n");
  ASSERT_EQ(entries.aliases().size(), 2U);
  EXPECT_EQ(entries.aliases()[0].alias, "a");
  EXPECT_EQ(entries.aliases()[1].alias, "b");
  EXPECT_EQ(entries.aliases()[1].target, "c.example");
}

// ---- exceptions --------------------------------------------------------------------------------

// "name kind", with a star in front for a part of the names below alone.
std::vector<std::string> stops_of(std::string_view text) {
  const Entries entries = found_in_dnsmasq(text);
  std::vector<std::string> lines;
  for (const NamedStop& each : entries.stops()) {
    constexpr std::array<const char*, 4> kKinds = {"unusable", "null", "elsewhere", "nothing"};
    lines.push_back((each.pattern ? "*" : "") + each.name + " " +
                    kKinds.at(static_cast<std::size_t>(each.kind)));
  }
  return lines;
}

TEST(Dnsmasq, FindsNamesThatAreAnsweredElsewhereOrNowhere) {
  EXPECT_THAT(stops_of("server=/a/B./10.0.0.1#53\nserver=/c/#\nlocal=/d/\nserver=/e/\n"
                       "address=/f/\naddress=/g/#\naddress=/h/0.0.0.0\nserver=10.0.0.1\n"
                       "server=//10.0.0.1\nserver=/*.i/10.0.0.1\nserver=/*k.l/10.0.0.1\nserver\n"),
              ElementsAre("a elsewhere", "b elsewhere", "c elsewhere", "d nothing", "e nothing",
                          "f nothing", "g null", "h unusable", "*i elsewhere", "*l elsewhere"));
}

// ---- hosts files -------------------------------------------------------------------------------

TEST(Dnsmasq, ReadsHostsFilesAndGivesTheirNamesADomain) {
  const Folder folder;
  std::filesystem::create_directory(folder.file("d"));
  const std::string file = folder.file("conf");
  write_file(file, "no-hosts\nexpand-hosts\ndomain=lan\ndomain=sub,10.1.0.0/16\naddn-hosts=" +
                       folder.file("h") + "\nhostsdir=" + folder.file("d") + "\n");
  write_file(folder.file("h"), "10.0.0.1 web\n10.0.0.2 web a.b\n127.0.0.1 localhost\n");
  write_file(folder.file("d/x"), "10.1.0.3 web\n");
  write_file(folder.file("d/y~"), "10.1.0.4 web\n");
  Entries entries;
  EXPECT_TRUE(read_dnsmasq_files(only(file), entries));
  EXPECT_THAT(
      addresses_of(entries),
      ElementsAre("web 10.0.0.1 1", "web.lan 10.0.0.1 1", "web 10.0.0.2 2", "web.lan 10.0.0.2 2",
                  "a.b 10.0.0.2 2", "web 10.1.0.3 1", "web.sub 10.1.0.3 1"));
}

TEST(Dnsmasq, ReadsAFolderThatIsNamedButForWhatPackagesLeaveThere) {
  const Folder folder;
  write_file(folder.file("a.conf"), "address=/a/10.0.0.1\nno-hosts\n");
  write_file(folder.file("a.conf.dpkg-old"), "address=/b/10.0.0.1\n");
  Entries entries;
  EXPECT_TRUE(read_dnsmasq_files(only(folder.file("")), entries));
  EXPECT_THAT(addresses_of(entries), ElementsAre("*a 10.0.0.1 1"));
}

// ---- how it is started -------------------------------------------------------------------------

// "name=argument" of each option, then the files.
std::vector<std::string> start_of(const std::vector<std::string>& words) {
  const DnsmasqStart start = parse_dnsmasq_words(words, {"here", 0});
  std::vector<std::string> lines;
  for (const PlacedOption& each : start.options)
    lines.push_back(each.option.name + "=" + each.option.argument);
  for (const auto& file : start.files)
    lines.push_back(file.string() + (start.may_be_missing ? "?" : ""));
  return lines;
}

TEST(DnsmasqStarted, IsReadFromItsCommandLine) {
  EXPECT_THAT(start_of({"-x", "/run/pid", "-u", "dnsmasq", "-7", "/etc/d,.old", "--local-service",
                        "--address=/a/10.0.0.1", "-hE", "-A/b/10.0.0.2", "--domain", "lan"}),
              ElementsAre("=/run/pid", "=dnsmasq", "conf-dir=/etc/d,.old",
                          "local-service=", "address=/a/10.0.0.1", "no-hosts=", "expand-hosts=",
                          "address=/b/10.0.0.2", "domain=lan", "/etc/dnsmasq.conf?"));
  EXPECT_THAT(start_of({"-C", "/a", "--conf-file=/b", "-k"}), ElementsAre("=", "/a", "/b"));
}

TEST(DnsmasqStarted, IsReadFromDebiansDefaults) {
  EXPECT_THAT(words_of_defaults("# comment\nDOMAIN_SUFFIX=`dnsdomainname`\n#DNSMASQ_OPTS=\"-x\"\n"
                                "DOMAIN_SUFFIX='lan'\nX=/etc\nDNSMASQ_OPTS=\"-h  --port=5353\"\n"
                                "DNSMASQ_OPTS=\"$DNSMASQ_OPTS -E\" # more\n"
                                "CONFIG_DIR=${X}/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new\n"),
              ElementsAre("-h", "--port=5353", "-E", "-s", "lan", "-7",
                          "/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new"));
  EXPECT_THAT(words_of_defaults("\xff\n=\nA"), IsEmpty());
}

// ---- other files -------------------------------------------------------------------------------

TEST(Dnsmasq, ReadsTheFilesThatAFileAsksForEachOnce) {
  const Folder folder;
  const std::string first = folder.file("first");
  std::filesystem::create_directory(folder.file("d"));
  write_file(first, "conf-file=" + folder.file("second") + "\nconf-dir=" + folder.file("d") +
                        ",*.conf, .no.conf\naddress=/one/10.0.0.1\nno-hosts\n");
  write_file(folder.file("second"), "conf-file=" + first + "\naddress=/two/10.0.0.2\n");
  for (const char* name : {"b.conf", "a.conf", "c", ".d.conf", "x.no.conf", "e.conf~"})
    write_file(folder.file("d/"s + name), "address=/"s + name[0] + "/10.0.0.3\n");
  Entries entries;
  EXPECT_TRUE(read_dnsmasq_files(only(first), entries));
  EXPECT_THAT(addresses_of(entries),
              ElementsAre("*one 10.0.0.1 3", "*two 10.0.0.2 2", "*a 10.0.0.3 1", "*b 10.0.0.3 1"));
  EXPECT_THAT(entries.notes(), IsEmpty());
}

TEST(Dnsmasq, NotesWhatIsAskedForAndCannotBeRead) {
  const Folder folder;
  const std::string file = folder.file("conf");
  write_file(file, "conf-file=/nowhere/a\nconf-dir=/nowhere/d,*.conf\nno-hosts\n");
  Entries entries;
  EXPECT_TRUE(read_dnsmasq_files(only(file), entries));
  EXPECT_THAT(
      to_lines(entries.notes()),
      ElementsAre(file + ":1: skipped: /nowhere/a: cannot be read: No such file or directory",
                  file + ":2: skipped: /nowhere/d: cannot be read: No such file or directory"));
}

TEST(Dnsmasq, CannotBeImportedWhenItsOwnFileCannotBeRead) {
  Entries entries;
  EXPECT_EQ(read_dnsmasq_files(only("/nowhere/a"), entries).error(),
            "/nowhere/a: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace hlb::ctl
