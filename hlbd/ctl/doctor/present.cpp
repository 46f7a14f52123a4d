#include "ctl/doctor/present.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "text/printable.h"
#include "text/wording.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostText = 4096;

// Made fit for a terminal: names of files and processes may hold anything.
std::string shown(const std::string& text) {
  return text::readable(text, kMostText);
}

std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Words of one line over as many as it takes, the later ones indented.
std::string wrapped(const std::string& text, std::size_t width) {
  constexpr std::size_t kIndent = 2;
  std::string page;
  std::size_t used = 0;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool fits = used == 0 || used + 1 + columns(word) <= width;
    page += used == 0 ? "" : fits ? " " : "\n" + std::string(kIndent, ' ');
    used = fits ? used + (used == 0 ? 0 : 1) : kIndent;
    page += word;
    used += columns(word);
  }
  return page;
}

std::string line_of(const Finding& finding, const Page& page) {
  const bool is_note = finding.severity == Finding::Severity::note;
  const std::string head =
      shown(fmt::format("{}{}: {}.", is_note ? "note: " : "", finding.about, finding.what));
  const std::string text = head + shown(fmt::format(" {} {}", finding.why, finding.mend));
  std::string line = page.width == 0 ? text : wrapped(text, page.width);
  if (!page.bold) return line;
  // Wrapping has put line breaks into the head, each in the place of a blank.
  std::size_t end = 0;
  for (const char c : head) {
    if (c == ' ' && line[end] == '\n') end += 2;
    ++end;
  }
  return "\033[1m" + line.substr(0, end) + "\033[0m" + line.substr(end);
}

std::string all_well(const Examination& examination) {
  const auto& names = examination.names.names;
  std::string line = "nothing found: hlb answers lookups of ";
  if (names.empty()) return "nothing found that keeps lookups from hlb";
  if (names.size() <= 3) {
    for (std::size_t i = 0; i < names.size(); ++i)
      line += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  } else {
    line += fmt::format("its {} names", names.size());
  }
  return examination.program.empty() ? line : line + ", also by " + examination.program;
}

}  // namespace

std::string as_text(const Examination& examination, const Page& page) {
  std::string text;
  for (const Finding& finding : examination.findings)
    text += line_of(finding, page) + "\n";
  return examination.has_faults() ? text : text + shown(all_well(examination)) + "\n";
}

std::string as_json(const Examination& examination) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& finding : examination.findings) {
    const bool is_note = finding.severity == Finding::Severity::note;
    findings.push_back({{"severity", is_note ? "note" : "fault"},
                        {"about", finding.about},
                        {"what", finding.what},
                        {"why", finding.why},
                        {"mend", finding.mend}});
  }
  const nlohmann::ordered_json page = {{"findings", findings}};
  return page.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace hlb::ctl::doctor
