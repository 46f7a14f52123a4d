#include "ctl/status/status_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "ctl/terminal/sparkline.h"
#include "ctl/terminal/times.h"
#include "text/duration.h"
#include "text/endpoint.h"
#include "text/idn.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

// The least columns with room for more of the past, and for why a backend is up.
constexpr std::size_t kWide = 120;

bool is_wide(const Terminal& terminal) {
  return terminal.columns == 0 || terminal.columns >= kWide;
}

Style style_of(std::string_view state) {
  if (state == "up") return Style::green;
  return state == "down" ? Style::red : Style::magenta;
}

Styled latest_latency(const BackendReport& backend) {
  if (backend.outcomes.empty() || backend.outcomes.back() <= 0) return "-";
  return text::latency(std::chrono::microseconds(backend.outcomes.back()));
}

std::string shown_state(const BackendReport& backend) {
  return backend.suspect ? "suspect" : backend.state;
}

// Adds first what an operator or a rule has decided, then why the checks say what they say.
void append_remark(Styled& said, const BackendReport& backend, std::span<const BackendReport> all,
                   bool wide, WallTime now) {
  const auto say = [&said](const std::string& text, Style style) {
    if (text.empty()) return;
    said.add(said.empty() ? "" : "; ").add(printable(text), style);
  };
  if (!backend.override.kind.empty()) {
    say(describe(backend.override, now), Style::magenta);
  } else if (backend.suspect) {
    say("left out by its first failure: " + backend.reason, Style::magenta);
  } else if (backend.held_back) {
    say(fmt::format("held back, priority {}", backend.priority), Style::magenta);
  } else if (is_standby(backend, all)) {
    say(fmt::format("standby, priority {}", backend.priority), Style::plain);
  } else if (backend.state == "up" && backend.weight_percent == 0) {
    say("given no clients", Style::magenta);
  } else if (backend.state == "up" && backend.weight_percent < 100) {
    say(fmt::format("given {}% of its weight", backend.weight_percent), Style::magenta);
  }
  if (backend.state != "up" || (wide && !backend.suspect)) say(backend.reason, Style::plain);
}

// A column of weights that are all 1 would say nothing.
bool weights_matter(const std::vector<BackendReport>& backends) {
  return std::ranges::any_of(backends,
                             [](const BackendReport& backend) { return backend.weight != 1; });
}

// What serves, unless it is just the best priority with a healthy backend.
std::string what_serves(const Listed& listed) {
  const std::string& serving = listed.service.serving;
  if (serving.empty()) return "";
  const bool holds_back = std::ranges::any_of(listed.backends, &BackendReport::held_back);
  if (serving == "all backends") return ", panic";
  if (holds_back) return fmt::format(", a better priority than {} held back", printable(serving));
  return serving.starts_with("priorities") ? ", " + printable(serving) : "";
}

Styled headline(const Listed& listed, WallTime now) {
  const ServiceReport& service = listed.service;
  Styled line(printable(service.name), Style::bold);
  if (const auto written = text::idn_to_unicode(service.name))
    line.add(" (" + printable(*written) + ")");
  line.add("  ").add(service.state, style_of(service.state));
  if (service.since != WallTime{}) line.add(" for " + age(service.since, now));
  line.add(fmt::format(", {} of {} up", service.up, service.backends));
  if (service.answered != service.up) line.add(fmt::format(", {} answered", service.answered));
  return line.add(what_serves(listed), Style::magenta);
}

Rank rank_of(const Listed* listed) {
  return rank(listed->service, listed->backends);
}

std::string text_of(const Snapshot& snapshot, const std::vector<const Listed*>& shown,
                    const Terminal& terminal, WallTime now) {
  Table table = status_table();
  add_header(table, snapshot.hlbd, now);
  if (!shown.empty()) table.add_headings();
  for (const Listed* each : shown)
    add_service(table, *each, terminal, now);
  if (const std::size_t others = snapshot.services.size() - shown.size(); others > 0) {
    const char* const form =
        others == 1 ? "{} other service is up, with nothing to tell: --all lists it"
                    : "{} other services are up, with nothing to tell: --all lists them";
    table.add_line(fmt::format(fmt::runtime(form), others));
  }
  return table.to_string(terminal);
}

bool fits_screen(const Snapshot& snapshot, const std::vector<const Listed*>& shown,
                 Terminal terminal, WallTime now) {
  if (terminal.rows == 0) return true;
  terminal.folds = false;  // so that there is a line for each row
  const std::string text = text_of(snapshot, shown, terminal, now);
  const auto rows = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return rows < terminal.rows;  // a prompt follows
}

// Why the backend's address stands alone, without its port: as there is no room for both.
bool leaves_port_out(const BackendReport& backend, const Terminal& terminal) {
  return terminal.columns > 0 && backend.port != 0 && endpoint(backend).size() > terminal.columns;
}

}  // namespace

std::string describe(const OverrideReport& override, WallTime now) {
  static const std::map<std::string, std::string, std::less<>> words = {
      {"drain", "drained"},
      {"maintenance", "in maintenance"},
      {"up", "forced up"},
      {"down", "forced down"}};
  const auto said = words.find(override.kind);
  std::string text = said == words.end() ? override.kind : said->second;
  if (override.until != WallTime{}) text += " until " + moment(override.until, now);
  if (override.since != WallTime{}) {
    text +=
        " by " + (override.of_fleet ? printable(*override.of_fleet) : user_name(override.set_by));
  }
  if (override.of_fleet) text += " for the fleet";
  if (!override.reason.empty()) text += ": " + override.reason;
  return text;
}

std::string endpoint(const BackendReport& backend) {
  return text::with_port(backend.address, backend.port);
}

Table status_table() {
  using enum Table::Align;
  return Table({left, left, left, right, right, right, right, left},
               {"  BACKEND", "STATE", "AGE", "LATENCY", "", "CONN", "WEIGHT", "REMARK"});
}

void add_header(Table& table, const DaemonReport& hlbd, WallTime now) {
  const Overview& overview = hlbd.overview;
  Styled line(fmt::format("hlbd {}, up {}: {}, ", printable(hlbd.version), age(hlbd.started, now),
                          text::counted(overview.services, "service")));
  if (overview.services_down == 0) {
    line.add("none down");
  } else {
    line.add(fmt::format("{} down", overview.services_down), Style::red);
  }
  line.add(fmt::format("; {} of {} up", overview.backends_up,
                       text::counted(overview.backends, "backend")));
  table.add_line(std::move(line));
  for (const std::string& trouble : hlbd.degraded)
    table.add_line(Styled("! ", Style::magenta).add(printable(trouble)));
}

void add_service(Table& table, const Listed& listed, const Terminal& terminal, WallTime now) {
  const bool wide = is_wide(terminal);
  const bool weights = weights_matter(listed.backends);
  table.add_line(headline(listed, now));
  for (const BackendReport& backend : listed.backends) {
    const bool alone = leaves_port_out(backend, terminal);
    Styled said;
    if (alone) said.add(fmt::format("port {}", backend.port));
    append_remark(said, backend, listed.backends, wide, now);
    table.add_row({"  " + printable(alone ? backend.address : endpoint(backend)),
                   Styled(shown_state(backend), style_of(shown_state(backend))),
                   age(backend.since, now), latest_latency(backend),
                   sparkline(backend.outcomes, wide ? 20 : 10, terminal.utf8),
                   backend.connections ? std::to_string(*backend.connections) : "",
                   weights ? std::to_string(backend.weight) : "", std::move(said)});
  }
}

std::string status_text(const Snapshot& snapshot, const Terminal& terminal, bool all,
                        WallTime now) {
  std::vector<const Listed*> shown;
  shown.reserve(snapshot.services.size());
  for (const Listed& each : snapshot.services)
    shown.push_back(&each);
  if (terminal.interactive) std::ranges::stable_sort(shown, {}, rank_of);
  if (!all && !fits_screen(snapshot, shown, terminal, now))
    std::erase_if(shown, [](const Listed* each) { return rank_of(each) == Rank::healthy; });
  return text_of(snapshot, shown, terminal, now);
}

}  // namespace hlb::ctl
