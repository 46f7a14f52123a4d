// hlbctl events: what has changed, and on what evidence; and what changes from now on.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/status/snapshot.h"
#include "ctl/targets.h"
#include "ctl/terminal/table.h"
#include "ctl/terminal/times.h"
#include "ctl/what_there_is.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

struct EventsWishes {
  std::vector<std::string> targets;
  bool down = false;
  std::optional<std::uint32_t> most;
  bool follow = false;
  bool json = false;
};

constexpr std::uint32_t kBeforeFollowing = 10;
constexpr std::size_t kNarrow = 100;  // columns, below which times are brief

std::string json_line(const Event& event) {
  return write({{"time", json_time(event.at)},
                {"service", event.service},
                {"address", json_text(event.address)},
                {"what", name_of(event.what)},
                {"before", event.before},
                {"now", event.now},
                {"reason", event.reason},
                {"user", event.user ? Json(user_name(*event.user)) : Json()},
                {"user_id", event.user ? Json(*event.user) : Json()}});
}

// "by alice: kernel update"
std::string why_of(const Event& event) {
  if (!event.user) return event.reason;
  const std::string by = "by " + user_name(*event.user);
  return event.reason.empty() ? by : by + ": " + event.reason;
}

Styled change_of(const Event& event) {
  const auto name = [&event](const std::string& value) {
    return value.empty() && event.what == Event::What::override ? "no override" : printable(value);
  };
  Style style = Style::magenta;
  if (event.now == "up") style = Style::green;
  if (event.now == "down") style = Style::red;
  return Styled(name(event.before) + " -> ").add(name(event.now), style);
}

// "app.local/10.0.0.1"; as two words where that is wider than the terminal, so that each may have a
// line of its own.
std::string whose(const Event& event, const Terminal& terminal) {
  std::string service = printable(event.service);
  if (event.address.empty()) return service;
  const std::string address = printable(event.address);
  const std::size_t together = width(service) + 1 + width(address);
  const bool fits = terminal.columns == 0 || together <= terminal.columns;
  return service + (fits ? "/" : "/ ") + address;
}

// Whether a state is worse than before, or all backends are given as too few are healthy.
bool is_for_the_worse(const Event& event) {
  if (event.what == Event::What::serving) return event.now == "all backends";
  if (event.what == Event::What::override) return event.now == "down";
  return event.now != "up" && !(event.now == "degraded" && event.before == "down");
}

// Which events are to be printed.
struct EventFilter {
  Targets targets;
  bool down = false;

  bool takes(const Event& event) const {
    return targets.means(event.service, event.address) && (!down || is_for_the_worse(event));
  }
};

// Prints events as they come, each once.
class Printer {
 public:
  Printer(EventFilter filter, bool json) : filter_(std::move(filter)), json_(json) {}

  void print(const std::vector<Event>& events) {
    using enum Table::Align;
    const Terminal terminal = Terminal::of_standard_output();
    const bool narrow = terminal.columns > 0 && terminal.columns < kNarrow;
    Table table({left, left, left, left}, {}, 1);
    std::string text;
    for (const Event& event : events) {
      if (!filter_.takes(event) || !is_new(event)) continue;
      table.add_row({narrow ? brief_timestamp(event.at) : timestamp(event.at),
                     whose(event, terminal), change_of(event), printable(why_of(event))});
      if (json_) text += json_line(event);
    }
    if (!json_) text = table.to_string(terminal, widths_);
    put_out(text);
  }

  // Takes these as printed.
  void pass(const std::vector<Event>& events) {
    for (const Event& event : events)
      is_new(event);
  }

 private:
  // Whether the event hasn't been printed: one that is listed may be signalled as well, and after a
  // restart of hlbd one that was signalled is listed.
  bool is_new(const Event& event) {
    if (event.at < latest_) return false;
    if (event.at > latest_) printed_of_latest_.clear();
    latest_ = event.at;
    for (const Event& printed : printed_of_latest_) {
      if (is_same(event, printed)) return false;
    }
    printed_of_latest_.push_back(event);
    return true;
  }

  EventFilter filter_;
  bool json_;
  std::vector<std::size_t> widths_;
  WallTime latest_{};
  std::vector<Event> printed_of_latest_;
};

// Returns whether anybody can still read what is printed: not so once the reader of a pipe has
// gone.
bool wait_for(const Wanted& wanted) {
  std::array<pollfd, 2> polled = {{{wanted.descriptor, wanted.events, 0}, {STDOUT_FILENO, 0, 0}}};
  ::poll(polled.data(), polled.size(), wanted.timeout_ms);
  return polled[1].revents == 0;
}

// Words may also mean what has events, but is configured no more.
EventFilter filter_of(Client& client, const EventsWishes& wishes) {
  if (wishes.targets.empty()) return {{}, wishes.down};
  WhatThereIs there = what_there_is(client, wishes.targets);
  for (Event& each : client.events(0)) {
    if (std::ranges::find(there.services, each.service) == there.services.end())
      there.services.push_back(each.service);
    if (!each.address.empty())
      there.backends.push_back({std::move(each.service), std::move(each.address)});
  }
  return {find_targets(wishes.targets, there, Purpose::read), wishes.down};
}

// The latest `most` of those that are to be printed; all for 0.
std::vector<Event> latest(Client& client, const EventFilter& filter, std::uint32_t most) {
  const bool some = !filter.targets.all() || filter.down;
  std::vector<Event> events = client.events(some ? 0 : most);
  std::erase_if(events, [&filter](const Event& each) { return !filter.takes(each); });
  if (most > 0 && events.size() > most)
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(most));
  return events;
}

// Prints events until the bus or the reader goes away, or somebody ends hlbctl.
void follow(Client& client, const EventFilter& filter, Printer& printer, std::uint32_t most) {
  std::vector<Event> told;
  bool is_back = false;
  client.listen({[&told](const Event& event) { told.push_back(event); },
                 [&is_back](bool there) {
                   is_back = there;
                   std::fputs(there ? "hlbctl: hlbd is back\n"
                                    : "hlbctl: hlbd has left the bus; waiting for it\n",
                              stderr);
                 }});
  if (most == 0) {
    printer.pass(client.events(0));
  } else {
    printer.print(latest(client, filter, most));
  }
  do {
    client.process();
    if (std::exchange(is_back, false)) printer.print(client.events(0));
    printer.print(std::exchange(told, {}));
  } while (wait_for(client.wanted()));
}

std::uint32_t number_of(const std::string& word) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) {
    throw CLI::ValidationError("--lines takes a whole number, from 0 to 4294967295, not " +
                               text::in_quotes(word));
  }
  return number;
}

int show_events(const Settings& settings, const EventsWishes& wishes) {
  Client client(settings);
  const EventFilter filter = filter_of(client, wishes);
  Printer printer(filter, wishes.json);
  if (wishes.follow) {
    follow(client, filter, printer, wishes.most.value_or(kBeforeFollowing));
  } else if (wishes.most != 0U) {
    printer.print(latest(client, filter, wishes.most.value_or(0)));
  }
  return kOk;
}

}  // namespace

void add_events(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<EventsWishes>();
  CLI::App* command = app.add_subcommand("events", "show what has changed, and why");
  command
      ->add_option("TARGET", wishes->targets,
                   "these alone: a service, SERVICE/ADDRESS or ADDRESS, with * and ?")
      ->type_name("");
  command->add_flag("--down", wishes->down, "only changes for the worse");
  command->add_flag("-f,--follow", wishes->follow, "go on with what changes from now on");
  const auto take_most = [wishes](const std::string& word) { wishes->most = number_of(word); };
  command
      ->add_option_function<std::string>("-n,--lines", take_most,
                                         "the latest ones; all, or 10 with --follow")
      ->type_name("N");
  command->add_flag("--json", wishes->json, "an object a line, as described in hlbctl(1)");
  command->footer(
      "Examples:\n"
      "  hlbctl events -n 20\n"
      "  hlbctl events app.local --down\n"
      "  hlbctl events --follow -n 0\n"
      "  hlbctl events --json | jq -r 'select(.now == \"down\") | .reason'");
  command->callback([wishes, &settings, &run] {
    run = [wishes, &settings] { return show_events(settings, *wishes); };
  });
}

}  // namespace hlb::ctl
