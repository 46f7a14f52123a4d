#include "operators/page/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>

#include "health/history.h"
#include "health/latency_scale.h"
#include "operators/page/html.h"
#include "operators/standing.h"
#include "text/duration.h"
#include "text/endpoint.h"
#include "text/idn.h"
#include "text/wording.h"

namespace hlb::page {
namespace {

constexpr char kNothing[] = "<span class=\"none\">–</span>";
constexpr std::size_t kLongName = 40;     // bytes, from which on a name has a line of its own
constexpr std::size_t kLongAddress = 24;  // likewise, from which on it may be broken
constexpr std::size_t kBars = 10;

// ---- services ----------------------------------------------------------------------------------

// The name as people write it; of an IDN with the form that is looked up as its title.
std::string written_name(const std::string& service) {
  const auto written = text::idn_to_unicode(service);
  if (!written) return escaped(service);
  return fmt::format(R"(<bdi title="{}">{}</bdi>)", escaped(service), escaped(*written));
}

std::string link_to(const std::string& service, const RowSettings& at) {
  return fmt::format(R"(<a href="{}">{}</a>)", escaped(at.view.link_to_service(service)),
                     written_name(service));
}

// What serves, unless it is just the best priority with a healthy backend.
std::string what_serves(const ShownService& service) {
  const std::string& serving = service.report.serving;
  if (serving == "all backends") return "; panic: all backends are answered";
  if (std::ranges::any_of(service.backends, &BackendReport::held_back)) {
    return "; a better priority is held back";
  }
  return serving.starts_with("priorities") ? "; " + escaped(serving) + " serve" : "";
}

std::string why_of(const ShownService& service) {
  const ServiceReport& report = service.report;
  const bool fails = report.answered == 0 && report.state != "unknown";
  return fmt::format("{} of {} answered{}{}", report.answered, report.backends,
                     fails ? "; lookups fail (EAI_AGAIN)" : "", what_serves(service));
}

// ---- backends ----------------------------------------------------------------------------------

// Where it is checked, with a place to break a long address at.
std::string place_of(const BackendReport& backend) {
  std::string place = escaped(text::with_port(backend.address, backend.port));
  if (backend.address.size() < kLongAddress) return place;
  std::size_t colon = 0;
  for (int i = 0; i < 4 && colon != std::string::npos; ++i)
    colon = place.find(':', colon + 1);
  return colon == std::string::npos ? place : place.insert(colon + 1, "<wbr>");
}

struct OverrideWords {
  std::string_view kind;
  std::string_view state;  // the word, and the class of its colour
  std::string_view colour;
  std::string_view remark;
};

constexpr std::array kOverrides = {
    OverrideWords{"drain", "drained", "drained", "Drained"},
    OverrideWords{"maintenance", "maintenance", "maintenance", "In maintenance"},
    OverrideWords{"up", "forced up", "forced", "Forced up"},
    OverrideWords{"down", "forced down", "forced", "Forced down"},
};

const OverrideWords& words_of(const OverrideReport& override) {
  const auto* found = std::ranges::find(kOverrides, override.kind, &OverrideWords::kind);
  return found == kOverrides.end() ? kOverrides.front() : *found;
}

std::string state_of(const BackendReport& backend) {
  if (!backend.override.kind.empty()) {
    const OverrideWords& words = words_of(backend.override);
    return fmt::format("{} <small>is {}</small>", coloured(words.colour, words.state),
                       escaped(backend.state));
  }
  const std::string_view state = backend.suspect ? "suspect" : std::string_view(backend.state);
  return coloured(state, state);
}

std::string remark_of(const OverrideReport& override, const RowSettings& at) {
  std::string text(words_of(override).remark);
  if (override.until != WallTime{}) text += " until " + time_of(override.until, at.now);
  text += " by " + shown(override.of_fleet ? *override.of_fleet : at.name_of_user(override.set_by));
  if (override.of_fleet) text += " for the fleet";
  if (override.since != WallTime{}) text += " since " + time_of(override.since, at.now);
  if (!override.reason.empty()) text += ": " + shown(override.reason);
  return fmt::format(R"(<span class="ov" data-override="{}">{}</span>)", escaped(override.kind),
                     text);
}

std::string remark_of(const BackendReport& backend, std::span<const BackendReport> all) {
  if (backend.state != "up" || backend.suspect) return "";
  if (backend.held_back) return "Held back: a worse priority goes on serving.";
  if (is_standby(backend, all)) {
    const auto serving = std::ranges::find_if(
        all, [](const BackendReport& other) { return other.weight_percent > 0; });
    return fmt::format("Standby: backends of priority {} are up.", serving->priority);
  }
  if (backend.weight_percent == 0) return "Given no clients.";
  if (backend.weight_percent == 100) return "";
  return fmt::format("Given {}% of its weight.", backend.weight_percent);
}

// First what the checks say, then what an operator or a rule has decided.
std::string why_of(const BackendReport& backend, const ShownService& of, const RowSettings& at) {
  std::string why;
  const bool tells = backend.state != "up" || backend.suspect;
  if (tells && !backend.reason.empty()) why = shown(backend.reason);
  if (!backend.override.kind.empty()) return why + remark_of(backend.override, at);
  const std::string remark = remark_of(backend, of.backends);
  return remark.empty() ? why : fmt::format(R"({}<span class="ov">{}</span>)", why, remark);
}

std::string latency_of(const BackendReport& backend) {
  if (backend.outcomes.empty() || backend.outcomes.back() < 0) return kNothing;
  return text::latency(std::chrono::microseconds(backend.outcomes.back()));
}

// The last ten, oldest first: a bar for a pass, a cross for a failure, a dash where it says
// nothing.
std::string bars_of(const BackendReport& backend) {
  constexpr std::array<int, LatencyScale::kSteps> kHeights = {3, 4, 6, 7, 9, 10, 12, 13};
  const std::span<const std::int32_t> all = backend.outcomes;
  const auto last = all.last(std::min(kBars, all.size()));
  if (last.empty()) return kNothing;
  const LatencyScale scale(last);
  std::string passes;
  std::string failures;
  std::string silences;
  std::size_t passed = 0;
  std::size_t x = 6 * (kBars - last.size());
  for (const std::int32_t outcome : last) {
    if (outcome >= 0) {
      passes += fmt::format("M{} 13v-{}", x + 2, kHeights.at(scale.step(outcome)));
      ++passed;
    } else if (outcome == History::kFailed) {
      failures += fmt::format("M{} 12l4-5m0 5l-4-5", x);
    } else {
      silences += fmt::format("M{} 9.5h4", x);
    }
    x += 6;
  }
  const auto path = [](const char* kind, const std::string& drawn) {
    return drawn.empty() ? "" : fmt::format(R"(<path{} d="{}"/>)", kind, drawn);
  };
  return fmt::format(R"(<svg class="h" viewBox="0 0 58 13" aria-hidden="true">{}{}{}</svg>)"
                     R"(<span class="v">{}/{} passed</span>)",
                     path("", passes), path(R"( class="x")", failures),
                     path(R"( class="q")", silences), passed, last.size());
}

std::string weight_of(const BackendReport& backend) {
  if (backend.weight_percent == 100) return std::to_string(backend.weight);
  if (backend.weight_percent == 0) return fmt::format("<small>0 of {}</small>", backend.weight);
  return fmt::format("<small>{}% of</small> {}", backend.weight_percent, backend.weight);
}

std::string attributes_of(const BackendReport& backend) {
  std::string attributes = fmt::format(R"(data-backend="{}" data-state="{}")",
                                       escaped(backend.address), escaped(backend.state));
  if (!backend.override.kind.empty()) {
    attributes += fmt::format(R"( data-override="{}")", escaped(backend.override.kind));
  }
  if (backend.suspect) attributes += " data-suspect";
  return attributes;
}

// ---- events ------------------------------------------------------------------------------------

std::string coloured_state(const std::string& state, Event::What what) {
  if (what == Event::What::serving) return escaped(state);
  if (state.empty()) return coloured("none", "no override");
  if (what == Event::What::override) return coloured("forced", escaped(state));
  constexpr std::array<std::string_view, 4> kStates = {"up", "down", "degraded", "unknown"};
  const auto* known = std::ranges::find(kStates, state);
  return coloured(known == kStates.end() ? "none" : *known, escaped(state));
}

}  // namespace

std::string service_row(const ShownService& service, const RowSettings& at) {
  const ServiceReport& report = service.report;
  const std::string link = link_to(report.name, at);
  const std::string cells = fmt::format(R"(<td>{}</td><td>{}</td><td colspan="5">{}</td></tr>)",
                                        coloured(report.state, report.state),
                                        since(report.since, at.now), why_of(service));
  if (report.name.size() < kLongName) {
    return fmt::format("<tr class=\"svc\"><th scope=\"rowgroup\">{}</th>{}\n", link, cells);
  }
  return fmt::format(
      "<tr class=\"svc\"><th scope=\"rowgroup\" colspan=\"8\">{}</th></tr>\n"
      "<tr class=\"svc more\"><td></td>{}\n",
      link, cells);
}

std::string backend_row(const BackendReport& backend, const ShownService& of,
                        const RowSettings& at) {
  const bool weights =
      std::ranges::any_of(of.backends, [](const BackendReport& each) { return each.weight != 1; });
  const auto dim = [](bool matters) { return matters ? "" : R"( class="d")"; };
  std::string row =
      fmt::format(R"(<tr {}><th scope="row">{}</th><td>{}</td><td>{}</td>)", attributes_of(backend),
                  place_of(backend), state_of(backend), since(backend.since, at.now));
  row += fmt::format("<td>{}</td><td>{}</td><td>{}</td>", why_of(backend, of, at),
                     latency_of(backend), bars_of(backend));
  row += fmt::format("<td{}>{}</td><td{}>{}</td></tr>\n", dim(weights), weight_of(backend),
                     dim(backend.priority != 0), backend.priority);
  return row;
}

std::string rest_row(const ShownService& service, std::size_t more, const RowSettings& at) {
  std::string text;
  if (more > 0) text = fmt::format("… {} more", text::counted(more, "backend"));
  if (service.others_up > 0) {
    const char* const others = service.others_up == 1 ? "other" : "others";
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {} up", service.others_up, others);
  }
  if (text.empty()) return "";
  return fmt::format(
      "<tr class=\"rest\"><th scope=\"row\" colspan=\"8\"><a href=\"{}\">{}</a></th></tr>\n",
      escaped(at.view.link_to_service(service.report.name)), text);
}

std::string folded_row(const ShownService& service, const RowSettings& at) {
  const ServiceReport& report = service.report;
  return fmt::format(
      "<tr data-service=\"{}\" data-state=\"{}\"><th scope=\"row\">{}</th><td>{}</td><td>{}</td>"
      "<td>{}</td></tr>\n",
      escaped(report.name), escaped(report.state), link_to(report.name, at),
      coloured(report.state, report.state), since(report.since, at.now), why_of(service));
}

std::string event_row(const Event& event, const RowSettings& at) {
  const std::string address = event.address.empty() ? "" : "/" + escaped(event.address);
  std::string why = event.user ? "by " + shown(at.name_of_user(*event.user)) : "";
  if (!event.reason.empty()) why += (why.empty() ? "" : ": ") + shown(event.reason);
  return fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{} <span class=\"none\">→</span> {}</td><td>{}</td></tr>\n",
      time_of(event.at, at.now), written_name(event.service) + address,
      coloured_state(event.before, event.what), coloured_state(event.now, event.what), why);
}

}  // namespace hlb::page
