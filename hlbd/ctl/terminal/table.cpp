#include "ctl/terminal/table.h"

#include <algorithm>
#include <utility>

namespace hlb::ctl {
namespace {

constexpr std::size_t kGap = 2;            // between columns
constexpr std::size_t kLeastProse = 24;    // narrower than that, prose goes below its row
constexpr std::size_t kIndent = 6;         // of what stands below its row
constexpr std::size_t kNameIndent = 2;     // of a name on a line of its own
constexpr std::size_t kContinuedLine = 4;  // of a line's second and further ones
// Names up to this width make columns go below that leave them no room: that of "  " and an
// IPv4 address with its port.
constexpr std::size_t kShortName = 23;

// Ends a line without the padding of its last cells. A line without any text is none.
void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  if (!out.empty() && out.back() != '\n') out += '\n';
}

// The columns between `used` ones and the right edge; without an edge no limit.
std::size_t columns_left(const Terminal& terminal, std::size_t used) {
  constexpr std::size_t kLeast = 8;  // so that something fits on the narrowest terminal
  if (terminal.columns == 0) return SIZE_MAX;
  return std::max(terminal.columns, used + kLeast) - used;
}

// The room for a text whose first line begins after `first` columns, and each further one after
// `further`.
Room room_after(const Terminal& terminal, std::size_t first, std::size_t further) {
  return {.first = columns_left(terminal, first),
          .further = columns_left(terminal, further),
          .longest_word = terminal.folds ? SIZE_MAX : terminal.columns};
}

// Writes lines, of which the first is already `used` columns from the left, and each further one
// has `indent` columns before it, or fewer if it is as wide as the terminal.
void write_lines(std::string& out, const std::vector<Styled>& lines, std::size_t indent,
                 const Terminal& terminal) {
  bool first = true;
  for (const Styled& line : lines) {
    if (!std::exchange(first, false)) {
      end_line(out);
      const std::size_t most = terminal.columns - std::min(line.width(), terminal.columns);
      out.append(std::min(indent, most), ' ');
    }
    line.write_to(out, terminal.colour);
  }
}

// Writes text at `used` columns from the left, its further lines under the first; or on lines of
// its own, each after `indent` columns, if it has a word that is too long to stand there.
void write_text(std::string& out, const Styled& text, std::size_t used, std::size_t indent,
                const Terminal& terminal) {
  std::vector<Styled> lines = text.wrap(room_after(terminal, used, used));
  const std::size_t left = columns_left(terminal, used);
  const bool fits =
      std::ranges::all_of(lines, [left](const Styled& each) { return each.width() <= left; });
  if (!fits) {
    lines = text.wrap(room_after(terminal, indent, indent));
    lines.insert(lines.begin(), Styled());  // ends the line that has been begun
  }
  write_lines(out, lines, fits ? used : indent, terminal);
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

// ---- where the columns stand -------------------------------------------------------------------

// Makes each column as wide as its cells, but for that of the names.
void Table::widen(std::vector<std::size_t>& widths) const {
  widths.resize(columns_.size());
  for (const Row& row : rows_) {
    if (row.kind != Row::Kind::cells) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i != names_ || i + 1 == columns_.size())
        widths[i] = std::max(widths[i], row.cells[i].width());
    }
  }
  for (std::size_t i = 0; i < headings_.size(); ++i) {
    if (widths[i] > 0) widths[i] = std::max(widths[i], headings_[i].width());
  }
}

// The width of the widest name, and heading, that isn't wider than `limit`.
std::size_t Table::widest_name(std::size_t limit) const {
  std::size_t widest = 0;
  const auto take = [&widest, limit](const Styled& cell) {
    if (cell.width() <= limit) widest = std::max(widest, cell.width());
  };
  for (const Row& row : rows_) {
    if (row.kind == Row::Kind::cells) take(row.cells[names_]);
  }
  if (!headings_.empty()) take(headings_[names_]);
  return widest;
}

// Makes the column of the names as wide as there is room for. Returns how many columns stand on the
// first line of a row: those that leave room for short names.
std::size_t Table::fit_names(std::vector<std::size_t>& widths, std::size_t columns) const {
  const std::size_t prose = columns_.size() - 1;
  const auto left = [&](std::size_t count) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i != names_ && widths[i] > 0) used += widths[i] + kGap;
    }
    return columns - std::min(used, columns);
  };
  const auto widest_within = [this](std::size_t limit) {
    const std::size_t widest = widest_name(limit);
    return widest > 0 ? widest : std::min(kIndent, limit);
  };
  const std::size_t least = widest_within(kShortName);
  std::size_t count = prose;
  while (count > names_ + 1 && left(count) < least)
    --count;
  const std::size_t limit = left(count);
  widths[names_] = std::min(std::max(widths[names_], widest_within(limit)), limit);
  return count;
}

Table::Layout Table::layout(const Terminal& terminal, std::vector<std::size_t>& widths) const {
  const std::size_t prose = columns_.size() - 1;
  widen(widths);
  std::size_t count = prose;  // of the columns on the first line
  if (prose > names_) {
    if (terminal.columns > 0) {
      count = fit_names(widths, terminal.columns);
    } else {
      widths[names_] = std::max(widths[names_], widest_name(SIZE_MAX));
    }
  }
  std::vector<bool> below(columns_.size());
  std::size_t used = SIZE_MAX;
  for (std::size_t i = count; i < prose; ++i) {
    if (widths[i] == 0) continue;
    below[i] = used == SIZE_MAX || used + widths[i] > terminal.columns;
    used = (below[i] ? kIndent : used) + widths[i] + kGap;
  }
  return {terminal, widths, std::move(below)};
}

// ---- rows --------------------------------------------------------------------------------------

// Writes a cell that isn't prose, at `used` columns from the left.
void Table::write_cell(std::string& out, const Styled& cell, std::size_t column, std::size_t used,
                       const Layout& layout) const {
  const std::size_t width = layout.widths[column];
  if (cell.width() > std::min(width, columns_left(layout.terminal, used))) {
    write_text(out, cell, used, layout.below[column] ? kIndent : kNameIndent, layout.terminal);
    end_line(out);
    out.append(used + width + kGap, ' ');
    return;
  }
  const std::size_t padding = width - cell.width();
  if (columns_[column] == Align::right) out.append(padding, ' ');
  cell.write_to(out, layout.terminal.colour);
  out.append((columns_[column] == Align::left ? padding : 0) + kGap, ' ');
}

void Table::write_row(std::string& out, const std::vector<Styled>& cells,
                      const Layout& layout) const {
  const std::size_t prose = columns_.size() - 1;
  std::size_t used = 0;
  for (std::size_t i = 0; i < prose; ++i) {
    if (layout.widths[i] == 0) continue;
    if (layout.below[i]) {
      end_line(out);
      used = kIndent;
      out.append(used, ' ');
    }
    write_cell(out, cells[i], i, used, layout);
    used += layout.widths[i] + kGap;
  }
  const std::size_t width = layout.widths[prose];
  const bool below =
      layout.terminal.columns > 0 && used + std::min(kLeastProse, width) > layout.terminal.columns;
  const bool is_heading = &cells == &headings_;
  const bool wanted = !cells[prose].empty() && (!is_heading || (width > 0 && !below));
  if (wanted && below) {
    used = kIndent;
    end_line(out);
    out.append(used, ' ');
  }
  if (wanted) write_text(out, cells[prose], used, kIndent, layout.terminal);
  end_line(out);
}

std::string Table::row_text(const Row& row, const Layout& layout) const {
  std::string out;
  switch (row.kind) {
    case Row::Kind::headings:
      write_row(out, headings_, layout);
      break;
    case Row::Kind::cells:
      write_row(out, row.cells, layout);
      break;
    case Row::Kind::across: {
      const Room room = room_after(layout.terminal, 0, kContinuedLine);
      write_lines(out, row.cells.front().wrap(room), kContinuedLine, layout.terminal);
      end_line(out);
    }
  }
  return out;
}

std::vector<std::string> Table::to_rows(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  const Layout columns = layout(terminal, widths);
  std::vector<std::string> rows;
  rows.reserve(rows_.size());
  for (const Row& row : rows_)
    rows.push_back(row_text(row, columns));
  return rows;
}

std::string Table::to_string(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  return to_string(terminal, widths);
}

std::string Table::to_string(const Terminal& terminal, std::vector<std::size_t>& widths) const {
  const Layout columns = layout(terminal, widths);
  std::string out;
  for (const Row& row : rows_)
    out += row_text(row, columns);
  return out;
}

}  // namespace hlb::ctl
