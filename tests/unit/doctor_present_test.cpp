#include "ctl/doctor/present.h"

#include "ctl_text.h"

namespace hlb::ctl::doctor {
namespace {

Examination one_fault() {
  Examination examination;
  examination.findings = {fault("hosts", "app.local is there", "So it is.", "Remove it.")};
  return examination;
}

TEST(DoctorsPage, HasALineForEachFinding) {
  Examination examination = one_fault();
  examination.findings.push_back(note("dns", "it is here, too", "Who cares.", "Type: none"));
  EXPECT_EQ(as_text(examination, {}),
            "hosts: app.local is there. So it is. Remove it.\n"
            "note: dns: it is here, too. Who cares. Type: none\n");
}

TEST(DoctorsPage, WrapsAtTheWidthOfTheTerminal) {
  EXPECT_EQ(as_text(one_fault(), wide(20)),
            "hosts: app.local is\n"
            "    there. So it is.\n"
            "    Remove it.\n");
}

TEST(DoctorsPage, ShowsWhatWasFoundInBold) {
  Terminal terminal = wide(99);
  terminal.colour = true;
  EXPECT_EQ(as_text(one_fault(), terminal),
            "\033[1mhosts: app.local is there.\033[0m So it is. Remove it.\n");
}

TEST(DoctorsPage, HasTheFaultsFirst) {
  Examination examination = one_fault();
  examination.findings.insert(examination.findings.begin(), note("dns", "a", "b.", "c"));
  EXPECT_EQ(as_text(examination, {}),
            "hosts: app.local is there. So it is. Remove it.\n"
            "note: dns: a. b. c\n");
}

TEST(DoctorsPage, SaysWhoseLookupsAreInOrder) {
  Examination well;
  well.names.names = {"a.test"};
  EXPECT_EQ(as_text(well, {}), "nothing found: hlb answers lookups of a.test\n");
  well.names.names = {"a.test", "b.test"};
  EXPECT_EQ(as_text(well, {}), "nothing found: hlb answers lookups of a.test and b.test\n");
  well.names.names = {"a.test", "b.test", "c.test", "d.test"};
  well.program = "/usr/bin/curl";
  EXPECT_EQ(as_text(well, {}),
            "nothing found: hlb answers lookups of its 4 names, also by /usr/bin/curl\n");
  well.findings = {note("dns", "a", "b.", "c.")};
  EXPECT_EQ(as_text(well, {}),
            "note: dns: a. b. c.\n"
            "nothing else found: hlb answers lookups of its 4 names, also by /usr/bin/curl\n");
}

TEST(DoctorsPage, DoesNothingToATerminalWhateverTheNames) {
  Examination examination;
  examination.findings = {fault("program", "\033[2J\n is bad", "", "")};
  EXPECT_EQ(as_text(examination, {}), "program: \\x1b[2J\\n is bad.\n");
}

TEST(DoctorsPage, IsJsonWithAnyBytes) {
  Examination examination;
  EXPECT_EQ(as_json(examination), "{\n  \"findings\": []\n}\n");
  examination.findings = {note("a", "\"\xff", "c", "d")};
  EXPECT_EQ(as_json(examination),
            "{\n  \"findings\": [\n    {\n      \"severity\": \"note\",\n      \"about\": \"a\",\n"
            "      \"what\": \"\\\"\xef\xbf\xbd\",\n      \"why\": \"c\",\n      \"mend\": \"d\"\n"
            "    }\n  ]\n}\n");
}

}  // namespace
}  // namespace hlb::ctl::doctor
