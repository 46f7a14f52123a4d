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

TEST_F(Layout, LosesNothingOnTheNarrowestTerminal) {
  const std::string text = table_.to_string(wide(1));
  for (const char* word : {"first", "much longer", "1000", "nothing", "length"})
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
