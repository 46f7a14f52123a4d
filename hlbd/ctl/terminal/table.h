// A table as text: aligned columns, of which the last one is prose, and lines across all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ctl/terminal/terminal.h"
#include "ctl/terminal/text.h"

namespace hlb::ctl {

// Prose stands last because nothing follows it that would have to be aligned. Widths are columns of
// the terminal, which a character of East Asia takes two of and an accent none.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };

  // `headings` are shown where add_headings() is called, and nowhere if it isn't. `names` is the
  // column whose cells may be too long for a narrow terminal.
  explicit Table(std::vector<Align> columns, std::vector<Styled> headings = {},
                 std::size_t names = 0)
      : columns_(std::move(columns)), headings_(std::move(headings)), names_(names) {}

  // Shows the headings here.
  void add_headings();
  // Takes a cell for each column.
  void add_row(std::vector<Styled> cells);
  // Adds a line across all columns.
  void add_line(Styled line);

  // The table, as wide as the terminal. Prose wraps inside its column or, where that would be too
  // narrow, below its row. A name that is too long has a line of its own, on which it isn't broken
  // if it fits the terminal, or that one folds. Columns that don't fit beside each other stand
  // below, again aligned. A column without any text but its heading takes no place. Each line ends
  // with "\n", and none with a space.
  std::string to_string(const Terminal& terminal) const;

  // The same, in the pieces that each call has added.
  std::vector<std::string> to_rows(const Terminal& terminal) const;

  // The same as one text, with columns at least as wide as `widths` says, which is brought up to
  // date: tables that are printed one after the other stay aligned.
  std::string to_string(const Terminal& terminal, std::vector<std::size_t>& widths) const;

 private:
  struct Row {
    enum class Kind : std::uint8_t { headings, cells, across };

    Kind kind = Kind::cells;
    std::vector<Styled> cells;  // across: a single one; headings: empty
  };
  struct Layout {
    const Terminal& terminal;
    std::vector<std::size_t> widths;
    std::vector<bool> below;  // whether the column begins a line below
  };

  Layout layout(const Terminal& terminal, std::vector<std::size_t>& widths) const;
  void widen(std::vector<std::size_t>& widths) const;
  std::size_t fit_names(std::vector<std::size_t>& widths, std::size_t columns) const;
  std::size_t widest_name(std::size_t limit) const;
  std::string row_text(const Row& row, const Layout& layout) const;
  void write_row(std::string& out, const std::vector<Styled>& cells, const Layout& layout) const;
  void write_cell(std::string& out, const Styled& cell, std::size_t column, std::size_t used,
                  const Layout& layout) const;

  std::vector<Align> columns_;
  std::vector<Styled> headings_;
  std::size_t names_;
  std::vector<Row> rows_;
};

}  // namespace hlb::ctl
