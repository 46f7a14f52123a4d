#include "ctl/help_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "ctl/terminal/table.h"

namespace hlb::ctl {
namespace {

constexpr std::size_t kDescriptions = 30;  // the column in which CLI11 begins descriptions

// Takes the help line by line.
class Fitting {
 public:
  explicit Fitting(const Terminal& terminal) : terminal_(terminal) {}

  void add(std::string_view line) {
    const bool is_example = line.starts_with("  hlbctl");
    if (line.empty() || is_example) {
      end_table();
      text_.append(line) += '\n';
    } else if (line.starts_with("  ") && line.size() > kDescriptions &&
               line[kDescriptions - 1] == ' ') {
      const std::string_view option = line.substr(0, kDescriptions);
      table_.add_row({std::string(option.substr(0, option.find_last_not_of(' ') + 1)),
                      std::string(line.substr(kDescriptions))});
    } else {
      table_.add_line(std::string(line));
    }
  }

  std::string text() && {
    end_table();
    return std::move(text_);
  }

 private:
  static Table new_table() { return Table({Table::Align::left, Table::Align::left}); }

  void end_table() {
    // As wide as other tables of the same help, which may have longer descriptions.
    std::vector<std::size_t> widths = {kDescriptions - 2, kDescriptions};
    text_ += table_.to_string(terminal_, widths);
    table_ = new_table();
  }

  const Terminal terminal_;
  Table table_ = new_table();
  std::string text_;
};

}  // namespace

std::string fit_help(const std::string& help, const Terminal& terminal) {
  if (terminal.columns == 0) return help;
  Fitting fitting(terminal);
  std::size_t start = 0;
  for (std::size_t end = 0; (end = help.find('\n', start)) != std::string::npos; start = end + 1)
    fitting.add(std::string_view(help).substr(start, end - start));
  return std::move(fitting).text() + help.substr(start);
}

}  // namespace hlb::ctl
