#include "ctl/override_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "ctl/terminal/table.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/text.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

// Calls the function with the first backend of each service.
template <typename Function>
void for_each_service(std::span<const OverridePreview> plan, Function function) {
  const OverridePreview* last = nullptr;
  for (const OverridePreview& each : plan) {
    if (last == nullptr || last->service != each.service) function(each);
    last = &each;
  }
}

std::string named(const std::string& kind) {
  return kind.empty() ? "no override" : printable(kind);
}

std::string answered_then(const OverridePreview& of) {
  return fmt::format("{}: {} answered now, {} then\n", printable(of.service),
                     text::counted(of.answered, "backend"),
                     of.remaining == 0 ? std::string("none") : std::to_string(of.remaining));
}

}  // namespace

std::vector<std::string> emptied(std::span<const OverridePreview> plan) {
  std::vector<std::string> services;
  for_each_service(plan, [&services](const OverridePreview& each) {
    if (each.answered > 0 && each.remaining == 0) services.push_back(each.service);
  });
  return services;
}

std::string plan_text(std::span<const OverridePreview> plan, const std::string& until) {
  using enum Table::Align;
  Table table({left, left});
  for (const OverridePreview& each : plan) {
    table.add_row({printable(each.service + "/" + each.address),
                   named(each.before) + " -> " + named(each.now) + until});
  }
  std::string text = table.to_string(Terminal::of_standard_output());
  for_each_service(plan, [&text](const OverridePreview& each) { text += answered_then(each); });
  return text;
}

}  // namespace hlb::ctl
