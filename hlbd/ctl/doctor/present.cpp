#include "ctl/doctor/present.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "ctl/terminal/table.h"
#include "ctl/terminal/text.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostText = 4096;

// Made fit for a terminal: names of files and processes may hold anything.
std::string shown(const std::string& text) {
  return printable(text::readable(text, kMostText));
}

bool is_note(const Finding& finding) {
  return finding.severity == Finding::Severity::note;
}

Styled line_of(const Finding& finding) {
  const char* const kind = is_note(finding) ? "note: " : "";
  const char* const stop = finding.what.ends_with('?') ? "" : ".";  // "did you mean …?"
  Styled line(shown(fmt::format("{}{}: {}{}", kind, finding.about, finding.what, stop)),
              Style::bold);
  return line.add(shown(fmt::format(" {} {}", finding.why, finding.mend)));
}

std::string all_well(const Examination& examination) {
  const auto& names = examination.names.names;
  std::string line = examination.findings.empty() ? "nothing found" : "nothing else found";
  if (names.empty()) return line + " that keeps lookups from hlb";
  line += ": hlb answers lookups of ";
  if (names.size() <= 3) {
    for (std::size_t i = 0; i < names.size(); ++i)
      line += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  } else {
    line += fmt::format("its {} names", names.size());
  }
  return examination.program.empty() ? line : line + ", also by " + examination.program;
}

}  // namespace

std::string as_text(const Examination& examination, const Terminal& terminal) {
  Findings findings = examination.findings;
  std::ranges::stable_partition(findings, std::not_fn(is_note));
  Table table({Table::Align::left});
  for (const Finding& each : findings)
    table.add_line(line_of(each));
  if (!examination.has_faults()) table.add_line(shown(all_well(examination)));
  return table.to_string(terminal);
}

std::string as_json(const Examination& examination) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& finding : examination.findings) {
    findings.push_back({{"severity", is_note(finding) ? "note" : "fault"},
                        {"about", finding.about},
                        {"what", finding.what},
                        {"why", finding.why},
                        {"mend", finding.mend}});
  }
  const nlohmann::ordered_json page = {{"findings", findings}};
  return page.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace hlb::ctl::doctor
