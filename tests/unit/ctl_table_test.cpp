#include "ctl/terminal/table.h"

#include "ctl_text.h"

namespace hlb::ctl {
namespace {

using enum Table::Align;

class Layout : public CtlOutput {
 protected:
  Layout() : table_({left, right, left}, {"NAME", "SIZE", "REMARK"}) {
    table_.add_headings();
    table_.add_line("first");
    table_.add_row({"a", "1", "nothing to say, at some length"});
    table_.add_row({"much longer", "1000", ""});
  }

  Table table_;
};

TEST_F(Layout, AlignsColumns) {
  EXPECT_EQ(table_.to_string(wide(0)),
            "NAME         SIZE  REMARK\n"
            "first\n"
            "a               1  nothing to say, at some length\n"
            "much longer  1000\n");
}

TEST_F(Layout, WrapsProseInsideOfItsColumn) {
  EXPECT_EQ(table_.to_string(wide(45)),
            "NAME         SIZE  REMARK\n"
            "first\n"
            "a               1  nothing to say, at some\n"
            "                   length\n"
            "much longer  1000\n");
}

TEST_F(Layout, PutsProseBelowItsRowWhereTheColumnIsTooNarrow) {
  EXPECT_EQ(table_.to_string(wide(30)),
            "NAME         SIZE\n"
            "first\n"
            "a               1\n"
            "      nothing to say, at some\n"
            "      length\n"
            "much longer  1000\n");
}

// Rows like those of `hlbctl status`.
class NarrowLayout : public CtlOutput {
 protected:
  NarrowLayout() : table_({left, left, right, left}, {"  NAME", "STATE", "TIME", "WHY"}) {
    table_.add_headings();
    table_.add_row({"  10.0.0.1:8082", "up", "1.0 ms", ""});
    table_.add_row({"  [fd77:1234:5678::1]:8082", "down", "-", "refused"});
  }

  Table table_;
};

TEST_F(NarrowLayout, GivesALongNameALineOfItsOwn) {
  EXPECT_EQ(table_.to_string(wide(38)),
            "  NAME           STATE    TIME\n"
            "  10.0.0.1:8082  up     1.0 ms\n"
            "  [fd77:1234:5678::1]:8082\n"
            "                 down        -\n"
            "      refused\n");
}

TEST_F(NarrowLayout, PutsColumnsBelowThatDoNotFit) {
  EXPECT_EQ(table_.to_string(wide(26)),
            "  NAME           STATE\n"
            "        TIME  WHY\n"
            "  10.0.0.1:8082  up\n"
            "      1.0 ms\n"
            "  [fd77:1234:5678::1]:8082\n"
            "                 down\n"
            "           -  refused\n");
}

TEST_F(NarrowLayout, LeavesOutTheIndentBeforeItBreaksAName) {
  EXPECT_NE(table_.to_string(wide(24)).find("\n[fd77:1234:5678::1]:8082\n"), std::string::npos);
}

TEST_F(NarrowLayout, LeavesItToATerminalThatFoldsToBreakANameWiderThanItself) {
  Terminal terminal = wide(20);
  EXPECT_NE(table_.to_string(terminal).find("\n[fd77:1234:5678::1]:8082\n"), std::string::npos);
  terminal.folds = false;
  EXPECT_NE(table_.to_string(terminal).find("\n[fd77:1234:5678::1]:\n8082\n"), std::string::npos);
}

TEST_F(NarrowLayout, WrapsAListOfNamesUnderTheFirst) {
  Table table({left, left, left}, {}, 1);
  table.add_row({"table", "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4", "why"});
  EXPECT_EQ(table.to_string(wide(30)),
            "table  10.0.0.1 10.0.0.2\n"
            "       10.0.0.3 10.0.0.4\n"
            "               why\n");
}

TEST_F(Layout, LosesNothingOnTheNarrowestTerminal) {
  const std::string text = table_.to_string(wide(1));
  for (const char* word : {"first", "much", "longer", "1000", "nothing", "length"})
    EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST_F(Layout, LeavesOutAColumnWithNothingInIt) {
  Table table({left, right, left}, {"NAME", "SIZE", "REMARK"});
  table.add_headings();
  table.add_row({"a", "", "b"});
  EXPECT_EQ(table.to_string(wide(80)), "NAME  REMARK\na     b\n");
}

TEST_F(Layout, CountsWhatColoursTakeForNothing) {
  Table table({left, left});
  table.add_row({Styled("up", Style::green), "x"});
  table.add_row({Styled("down", Style::red), "y"});
  Terminal terminal = wide(80);
  terminal.colour = true;
  EXPECT_EQ(table.to_string(terminal), "\x1b[32mup\x1b[0m    x\n\x1b[31mdown\x1b[0m  y\n");
}

TEST_F(Layout, OfLaterPartsStaysThatOfEarlierOnes) {
  std::vector<std::size_t> widths;
  Table first({left, left});
  first.add_row({"a long one", "x"});
  EXPECT_EQ(first.to_string(wide(80), widths), "a long one  x\n");
  Table second({left, left});
  second.add_row({"short", "y"});
  EXPECT_EQ(second.to_string(wide(80), widths), "short       y\n");
}

}  // namespace
}  // namespace hlb::ctl
