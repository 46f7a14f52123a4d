#include "ctl/status/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "ctl/client.h"
#include "ctl/status/snapshot.h"
#include "ctl/status/status_text.h"
#include "ctl/terminal/screen.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/times.h"

namespace hlb::ctl {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kBetweenPaintings = 500ms;  // at least, however much changes

// All services in their order where they fit, else the worst first: what needs an eye is at the
// top.
void put_in_order(std::vector<ServiceReport>& services, std::size_t rows) {
  std::size_t wanted = 0;
  for (const ServiceReport& service : services)
    wanted += 1 + service.backends;
  if (wanted <= rows) return;
  std::ranges::stable_sort(services, std::greater(),
                           [](const ServiceReport& service) { return standing(service, {}); });
}

// Keeps the lines that fit, the last of which is `footer`.
std::string fill(const std::string& text, std::size_t rows, const std::string& footer) {
  std::size_t end = 0;
  std::size_t lines = 0;
  while (lines + 1 < rows && end < text.size()) {
    end = text.find('\n', end) + 1;
    ++lines;
  }
  std::string filled = text.substr(0, end);
  filled.append(rows - lines - 1, '\n');
  return filled + footer + "\n";
}

class Watch {
 public:
  Watch(Screen& screen, std::string service, std::chrono::milliseconds interval)
      : screen_(screen), service_(std::move(service)), interval_(interval) {}

  // Until there is reason to quit. Throws as Client does.
  void run(Client& client) {
    client.listen({[this](const Event&) { changed_ = true; }, [this](bool) { changed_ = true; }});
    for (;;) {
      paint(client);
      const auto painted = Clock::now();
      changed_ = false;
      while (!due(painted)) {
        const Screen::Key key = screen_.wait(client.wanted(), until_due(painted));
        if (key == Screen::Key::quit) return;
        client.process();
        if (scroll(key)) break;
      }
    }
  }

  // Says why there is nothing to see, and waits; true when there is reason to quit.
  bool pause(const Failure& failure) {
    const Terminal terminal = Terminal::of_standard_output();
    Table table({Table::Align::left});
    table.add_line(Styled("! ", Style::red).add(failure.what()));
    Screen::paint(fill(table.to_string(terminal), terminal.rows, "q quits; trying again"));
    const auto end = Clock::now() + 1s;
    while (Clock::now() < end) {
      if (screen_.wait({}, remaining(end)) == Screen::Key::quit) return true;
    }
    return false;
  }

 private:
  static std::chrono::milliseconds remaining(Clock::time_point end) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()), 0ms);
  }

  std::chrono::milliseconds until_due(Clock::time_point painted) const {
    const auto wait =
        changed_ ? std::min<std::chrono::milliseconds>(kBetweenPaintings, interval_) : interval_;
    return remaining(painted + wait);
  }
  bool due(Clock::time_point painted) const { return until_due(painted) == 0ms; }

  // True when another part of the list, or another size, is to be painted.
  bool scroll(Screen::Key key) {
    using enum Screen::Key;
    const std::size_t page = std::max<std::size_t>(shown_, 1);
    if (key == up || key == page_up) first_ -= std::min(first_, key == up ? 1 : page);
    if (key == down || key == page_down) first_ += key == down ? 1 : page;
    if (key == top) first_ = 0;
    return key != none;
  }

  void paint(Client& client) {
    const Terminal terminal = Terminal::of_standard_output();
    const WallTime now = wall_now();
    Table table = status_table();
    const DaemonReport hlbd = client.daemon();
    add_header(table, hlbd, now);
    table.add_headings();
    const std::size_t used = 3 + hlbd.degraded.size();  // with the last line
    const std::size_t rows = terminal.rows > used ? terminal.rows - used : 1;

    std::vector<ServiceReport> services = listed(client);
    put_in_order(services, rows);
    first_ = std::min(first_, services.empty() ? 0 : services.size() - 1);
    std::size_t taken = 0;
    shown_ = 0;
    for (std::size_t i = first_; i < services.size() && taken < rows; ++i, ++shown_) {
      const std::string name = services[i].name;
      const Listed each{std::move(services[i]), backends_of(client, name)};
      add_service(table, each, terminal, now);
      taken += 1 + each.backends.size();
    }
    Screen::paint(fill(table.to_string(terminal), terminal.rows, footer(services.size())));
  }

  std::vector<ServiceReport> listed(Client& client) const {
    std::vector<ServiceReport> services = client.services();
    if (service_.empty()) return services;
    const std::string name = client.find_service(service_);
    std::erase_if(services, [&](const ServiceReport& each) { return each.name != name; });
    return services;
  }

  std::string footer(std::size_t services) const {
    const std::size_t below = services - first_ - shown_;
    if (first_ == 0 && below == 0) return "q quits";
    return fmt::format("q quits; arrows and space scroll: {} services above, {} below", first_,
                       below);
  }

  Screen& screen_;
  std::string service_;
  std::chrono::milliseconds interval_;
  std::size_t first_ = 0;  // of the services, the one at the top
  std::size_t shown_ = 0;
  bool changed_ = false;
};

}  // namespace

int watch(const Settings& settings, const std::string& service,
          std::chrono::milliseconds interval) {
  Screen screen;
  Watch watch(screen, service, interval);
  for (;;) {
    try {
      Client client(settings);
      watch.run(client);
      return kOk;
    } catch (const Failure& failure) {
      if (watch.pause(failure)) return kOk;
    }
  }
}

}  // namespace hlb::ctl
