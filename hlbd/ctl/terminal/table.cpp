#include "ctl/terminal/table.h"

#include <algorithm>
#include <utility>

namespace hlb::ctl {
namespace {

constexpr std::size_t kGap = 2;            // between columns
constexpr std::size_t kLeastProse = 24;    // narrower than that, prose goes below its row
constexpr std::size_t kProseIndent = 6;    // of prose below its row
constexpr std::size_t kContinuedLine = 4;  // of a line's second and further ones

// Ends a line without the padding of its last cells.
void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

// The columns between `used` ones and the right edge; without an edge no limit.
std::size_t columns_left(const Terminal& terminal, std::size_t used) {
  constexpr std::size_t kLeast = 8;  // so that something fits on the narrowest terminal
  if (terminal.columns == 0) return SIZE_MAX;
  return std::max(terminal.columns, used + kLeast) - used;
}

// Writes text that is already `indent` columns from the left, its further lines under the first.
void write_prose(std::string& out, const Styled& prose, std::size_t indent,
                 const Terminal& terminal) {
  bool first = true;
  for (const Styled& line : prose.wrap(columns_left(terminal, indent))) {
    if (!std::exchange(first, false)) {
      end_line(out);
      out.append(indent, ' ');
    }
    line.write_to(out, terminal.colour);
  }
}

// Writes a line across all columns.
void write_line(std::string& out, const Styled& line, const Terminal& terminal) {
  bool first = true;
  for (const Styled& part : line.wrap(columns_left(terminal, kContinuedLine))) {
    if (!std::exchange(first, false)) out.append(kContinuedLine, ' ');
    part.write_to(out, terminal.colour);
    end_line(out);
  }
}

}  // namespace

void Table::add_headings() {
  rows_.push_back({Row::Kind::headings, {}});
}

void Table::add_row(std::vector<Styled> cells) {
  rows_.push_back({Row::Kind::cells, std::move(cells)});
}

void Table::add_line(Styled line) {
  rows_.push_back({Row::Kind::across, {std::move(line)}});
}

void Table::widen(std::vector<std::size_t>& widths) const {
  widths.resize(columns_.size());
  for (const Row& row : rows_) {
    if (row.kind != Row::Kind::cells) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], row.cells[i].width());
  }
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], headings_[i].width());
  }
}

void Table::write_row(std::string& out, const std::vector<Styled>& cells,
                      const std::vector<std::size_t>& widths, const Terminal& terminal) const {
  const std::size_t prose = columns_.size() - 1;
  std::size_t used = 0;
  for (std::size_t i = 0; i < prose; ++i) {
    if (widths[i] == 0) continue;
    const std::size_t padding = widths[i] - cells[i].width();
    if (columns_[i] == Align::right) out.append(padding, ' ');
    cells[i].write_to(out, terminal.colour);
    out.append((columns_[i] == Align::left ? padding : 0) + kGap, ' ');
    used += widths[i] + kGap;
  }
  const bool below = columns_left(terminal, used) < std::min(kLeastProse, widths[prose]);
  const bool wanted = !cells[prose].empty() && (!below || &cells != &headings_);
  if (wanted && below) {
    used = kProseIndent;
    end_line(out);
    out.append(used, ' ');
  }
  if (wanted) write_prose(out, cells[prose], used, terminal);
  end_line(out);
}

std::string Table::row_text(const Row& row, const std::vector<std::size_t>& widths,
                            const Terminal& terminal) const {
  std::string out;
  switch (row.kind) {
    case Row::Kind::headings:
      write_row(out, headings_, widths, terminal);
      break;
    case Row::Kind::cells:
      write_row(out, row.cells, widths, terminal);
      break;
    case Row::Kind::across:
      write_line(out, row.cells.front(), terminal);
  }
  return out;
}

std::vector<std::string> Table::to_rows(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  widen(widths);
  std::vector<std::string> rows;
  rows.reserve(rows_.size());
  for (const Row& row : rows_)
    rows.push_back(row_text(row, widths, terminal));
  return rows;
}

std::string Table::to_string(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  return to_string(terminal, widths);
}

std::string Table::to_string(const Terminal& terminal, std::vector<std::size_t>& widths) const {
  widen(widths);
  std::string out;
  for (const Row& row : rows_)
    out += row_text(row, widths, terminal);
  return out;
}

}  // namespace hlb::ctl
