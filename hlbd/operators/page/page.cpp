#include "operators/page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "health/target_pattern.h"
#include "operators/page/html.h"
#include "operators/page/style.h"
#include "text/wording.h"

namespace hlb::page {
namespace {

constexpr std::size_t kRowsAtOnce = 50;  // in a part
constexpr std::size_t kEvents = 20;      // on the page

constexpr std::string_view kFoot = R"(</main>
<footer>
<dl>
<dt>answered</dt><dd>lookups on this host are given these backends</dd>
<dt>degraded</dt><dd>some backends are up, not all</dd>
<dt>suspect</dt><dd>up, but the last probe failed: left out of answers until
the next one decides</dd>
<dt>unknown</dt><dd>not checked yet, or hlbd could not tell</dd>
<dt>last ten</dt><dd>oldest first; the lowest bar is the fastest probe, each step up
took twice as long; × failed, – says nothing</dd>
</dl>
<p>Nothing can be changed here: see hlbctl(1). Also: <code>?service=NAME</code>, in which * and ?
stand for any text.</p>
</footer>
</body>
</html>
)";

constexpr std::string_view kColumns =
    R"(<thead><tr><th scope="col">Backend</th><th scope="col">State</th><th scope="col">Since</th>)"
    R"(<th scope="col">Why</th><th scope="col">Latency</th><th scope="col">Last ten</th>)"
    R"(<th scope="col">Weight</th><th scope="col">Priority</th></tr></thead>)";

struct Icon {
  std::string_view colour;
  std::string_view path;
};

constexpr Icon kDown{"%23c22", "M4 4l8 8m0-8l-8 8"};
constexpr Icon kDegraded{"%23a60", "M8 3v6m0 2v2"};
constexpr Icon kUp{"%23287a3e", "M4 8l3 3 5-6"};

std::string link_of(const Icon& icon) {
  return fmt::format(
      "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' "
      "viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='{}'/%3E%3Cpath d='{}' "
      "stroke='%23fff' stroke-width='2' fill='none'/%3E%3C/svg%3E\">\n",
      icon.colour, icon.path);
}

// The state in a few words, for a browser's tab.
std::string title_of(const ServiceCounts& counts, bool troubled) {
  std::string title;
  const auto say = [&title](std::size_t count, const char* state) {
    if (count > 0) title += fmt::format("{}{} {}", title.empty() ? "" : ", ", count, state);
  };
  say(counts.down, "down");
  say(counts.degraded, "degraded");
  say(counts.unknown, "unknown");
  if (troubled) title += title.empty() ? "hlbd is degraded" : ", hlbd, too";
  if (counts.down > 0) return "! " + title;
  return title.empty() ? "all up" : title;
}

std::string count_of(std::string_view state, std::size_t count) {
  return coloured(count > 0 ? state : "none", fmt::format("{} {}", count, state)) + " ";
}

std::string counted_of(std::size_t some, std::size_t all, std::string_view one) {
  if (some == all) return text::counted(all, one);
  return fmt::format("{} of {}", some, text::counted(all, one));
}

// A link to a view; the one that is shown is marked.
std::string link_to(const View& view, const char* name, bool current) {
  return fmt::format(R"(<a href="{}"{}>{}</a> )", escaped(view.link()),
                     current ? R"( aria-current="page")" : "", name);
}

}  // namespace

std::string content_security_policy() {
  return fmt::format(
      "default-src 'none'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'",
      kStyleHash);
}

StatusPage::StatusPage(Sources sources, View view)
    : sources_(std::move(sources)),
      survey_(sources_.directory, view),
      at_{std::move(view), {}, sources_.name_of_user} {}

bool StatusPage::add_part(std::string& text) {
  switch (stage_) {
    case Stage::survey:
      if (survey_.go_on()) break;
      at_.now = moment_now().wall;
      stage_ = Stage::head;
      break;
    case Stage::head:
      add_head(text);
      begin_attention(text);
      stage_ = Stage::attention;
      break;
    case Stage::attention:
      if (add_services(text, Rank::remarkable)) break;
      end_section(text, attention());
      stage_ = survey_.in_full() && !at_.view.down ? Stage::healthy : Stage::events;
      if (stage_ == Stage::healthy) begin_healthy(text);
      break;
    case Stage::healthy:
    case Stage::folded:
      if (add_services(text, Rank::healthy)) break;
      end_section(text, survey_.group(Rank::healthy).size);
      stage_ = stage_ == Stage::healthy ? Stage::events : Stage::foot;
      break;
    case Stage::events:
      add_events(text);
      stage_ = survey_.in_full() || at_.view.down ? Stage::foot : Stage::folded;
      if (stage_ == Stage::folded) begin_healthy(text);
      break;
    case Stage::foot:
      text += kFoot;
      stage_ = Stage::over;
      break;
    case Stage::over:
      return false;
  }
  return true;
}

// ---- the head ----------------------------------------------------------------------------------

void StatusPage::add_head(std::string& text) const {
  const ServiceCounts& counts = survey_.services();
  const bool troubled = !sources_.directory.troubles().empty();
  const bool worse = counts.degraded > 0 || counts.unknown > 0 || troubled;
  text += fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>{} — hlb on {}</title>\n",
      title_of(counts, troubled), escaped(sources_.host));
  text +=
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n";
  if (at_.view.refreshes) text += "<meta http-equiv=\"refresh\" content=\"10\">\n";
  text += link_of(counts.down > 0 ? kDown : worse ? kDegraded : kUp);
  text.append("<style>").append(kStyle).append("</style>\n</head>\n<body>\n<header>\n");
  add_header(text);
  add_sums(text);
  add_links(text);
  text += "</header>\n<main>\n";
}

void StatusPage::add_header(std::string& text) const {
  const bus::Identity& hlbd = sources_.identity;
  const bool refreshes = at_.view.refreshes;
  text += fmt::format(
      "<div id=\"top\">\n<h1>hlb on {}</h1> <p id=\"daemon\">hlbd {}, up since {}</p>\n",
      escaped(sources_.host), escaped(hlbd.version), since(hlbd.started, at_.now));
  text += fmt::format(
      "<p id=\"asof\">As of {}<span class=\"go\">, {} · <a href=\"{}\">{}</a></span></p>\n</div>\n",
      as_of(at_.now), refreshes ? "again every 10 s" : "paused",
      escaped(at_.view.link_with_refresh(!refreshes)), refreshes ? "pause" : "go on");
  const std::vector<std::string> troubles = sources_.directory.troubles();
  if (troubles.empty()) return;
  text += "<ul id=\"degraded\" aria-label=\"What keeps hlbd from working as it should\">\n";
  for (const std::string& each : troubles)
    text += fmt::format("<li>{} {}</li>\n", coloured("degraded", "hlbd"), shown(each));
  text += "</ul>\n";
}

void StatusPage::add_sums(std::string& text) const {
  const ServiceCounts& services = survey_.services();
  const BackendCounts& backends = survey_.backends();
  text += fmt::format("<p class=\"sum\" id=\"sum-services\"><b>{}</b> {}{}{}<i></i> {}</p>\n",
                      text::counted(services.all, "service"), count_of("down", services.down),
                      count_of("degraded", services.degraded),
                      count_of("unknown", services.unknown), count_of("up", services.up));
  const std::string overridden = coloured(backends.overridden > 0 ? "drained" : "none",
                                          fmt::format("{} overridden", backends.overridden)) +
                                 " ";
  text += fmt::format("<p class=\"sum\" id=\"sum-backends\"><b>{}</b> {}{}{}{}{}</p>\n",
                      text::counted(backends.all, "backend"), count_of("down", backends.down),
                      count_of("suspect", backends.suspect), count_of("unknown", backends.unknown),
                      overridden, count_of("up", backends.up));
}

void StatusPage::add_links(std::string& text) const {
  const View& view = at_.view;
  const bool all = view.service.empty() && !view.down;
  text += "<nav aria-label=\"Views\">";
  text += link_to({.service = "", .down = false, .refreshes = view.refreshes}, "All", all);
  text += link_to({.service = view.service, .down = true, .refreshes = view.refreshes},
                  "Only what is wrong", view.down);
  text +=
      "<a href=\"#events\">Events</a> <a href=\"/status.json\">status.json</a> "
      "<a href=\"/metrics\">metrics</a></nav>\n";
}

// ---- the services ------------------------------------------------------------------------------

std::size_t StatusPage::attention() const {
  return survey_.group(Rank::none).size + survey_.group(Rank::partial).size +
         survey_.group(Rank::remarkable).size;
}

void StatusPage::go_to(Rank rank) {
  rank_ = static_cast<std::size_t>(rank);
  service_ = backend_ = services_shown_ = 0;
  begun_ = false;
}

void StatusPage::begin_attention(std::string& text) {
  go_to(Rank::none);
  text += "<section id=\"attention\">\n";
  if (survey_.matched() == 0) {
    text += "<h2>Nothing to show</h2>\n";
    text += at_.view.service.empty()
                ? "<p>No services are configured.</p>\n"
                : fmt::format("<p id=\"nothing\">No service is called {}.</p>\n",
                              shown(at_.view.service));
  } else if (attention() == 0) {
    text += "<h2>Needs attention <small>nothing</small></h2>\n";
  } else {
    text += fmt::format("<h2>Needs attention <small>{}</small></h2>\n",
                        counted_of(attention(), survey_.matched(), "service"));
    text +=
        "<table class=\"bk\"><caption class=\"v\">Services that need attention, the worst "
        "first, and their backends</caption>\n";
    text.append(kColumns).append("\n");
  }
}

void StatusPage::begin_healthy(std::string& text) {
  go_to(Rank::healthy);
  const std::size_t size = survey_.group(Rank::healthy).size;
  if (size == 0) return;
  text += fmt::format("<section id=\"healthy\">\n<h2>Healthy <small>{}</small></h2>\n",
                      text::counted(size, "service"));
  if (stage_ == Stage::healthy) {
    text +=
        "<table class=\"bk\"><caption class=\"v\">Healthy services and their backends"
        "</caption>\n";
    text.append(kColumns).append("\n");
  } else {
    text +=
        "<table class=\"fold\"><caption class=\"v\">Healthy services</caption>\n<thead><tr>"
        "<th scope=\"col\">Service</th><th scope=\"col\">State</th><th scope=\"col\">Since</th>"
        "<th scope=\"col\">Backends</th></tr></thead>\n<tbody>\n";
  }
}

// Adds some, up to those of the last rank. Returns false when all are there.
bool StatusPage::add_services(std::string& text, Rank last) {
  for (std::size_t rows = 0; rows < kRowsAtOnce; ++rows) {
    const auto is_over = [&] { return rank_ > static_cast<std::size_t>(last); };
    while (!is_over() && service_ == survey_.group(static_cast<Rank>(rank_)).services.size()) {
      ++rank_;
      service_ = 0;
    }
    if (is_over() || services_left_ == 0) return false;
    add_service(text, survey_.group(static_cast<Rank>(rank_)).services[service_]);
  }
  return true;
}

// Adds the service's next row, and goes on to the next service after the last one.
void StatusPage::add_service(std::string& text, const ShownService& service) {
  const bool folded = stage_ == Stage::folded;
  if (!std::exchange(begun_, true) && !folded) {
    const std::string name = escaped(service.report.name);
    text += fmt::format("<tbody id=\"s-{}\" data-service=\"{}\" data-state=\"{}\">\n{}", name, name,
                        escaped(service.report.state), service_row(service, at_));
  } else if (!folded && backend_ < service.backends.size() && rows_left_ > 0) {
    text += backend_row(service.backends[backend_++], service, at_);
    --rows_left_;
  } else {
    if (folded) {
      text += folded_row(service, at_);
    } else {
      const std::size_t more = service.backends.size() - backend_ + service.left_out;
      text += rest_row(service, more, at_) + "</tbody>\n";
    }
    ++service_;
    backend_ = 0;
    begun_ = false;
    ++services_shown_;
    --services_left_;
  }
}

// `size`: how many services there are in it, shown or not.
void StatusPage::end_section(std::string& text, std::size_t size) {
  const bool is_attention = stage_ == Stage::attention;
  if (size == 0 && !is_attention) return;
  if (size > 0) text += stage_ == Stage::folded ? "</tbody></table>\n" : "</table>\n";
  if (size > services_shown_) {
    text += fmt::format("<p>… {} more</p>\n", text::counted(size - services_shown_, "service"));
  }
  text += "</section>\n";
}

// ---- events ------------------------------------------------------------------------------------

// The last events of the services that are shown, the newest first.
std::vector<Event> StatusPage::events() const {
  const std::string& wanted = at_.view.service;
  std::vector<Event> events = sources_.directory.events(wanted.empty() ? kEvents : 0);
  if (!wanted.empty()) {
    std::erase_if(events, [this](const Event& each) { return !survey_.is_meant(each.service); });
  }
  std::ranges::reverse(events);
  events.resize(std::min(events.size(), kEvents));
  return events;
}

void StatusPage::add_events(std::string& text) const {
  const std::vector<Event> last = events();
  text += "<section id=\"events\">\n<h2>Last events</h2>\n";
  if (last.empty()) {
    text += "<p>None since hlbd started.</p>\n</section>\n";
    return;
  }
  text +=
      "<table class=\"ev\"><caption class=\"v\">Last events, the newest first</caption>\n"
      "<thead><tr><th scope=\"col\">When</th><th scope=\"col\">Backend</th>"
      "<th scope=\"col\">Change</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n";
  for (const Event& each : last)
    text += event_row(each, at_);
  text += "</tbody></table>\n</section>\n";
}

}  // namespace hlb::page
