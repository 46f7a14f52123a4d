#include "ctl/status/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "ctl/client.h"
#include "ctl/status/snapshot.h"
#include "ctl/status/status_text.h"
#include "ctl/terminal/screen.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/times.h"
#include "ctl/what_there_is.h"

namespace hlb::ctl {
namespace {

using Monotonic = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kBetweenPaintings = 500ms;  // at least, however much changes

// Puts the services first that need an eye, as far as is known of them without their backends.
void put_worst_first(std::vector<ServiceReport>& services) {
  std::ranges::stable_sort(services, {},
                           [](const ServiceReport& service) { return rank(service, {}); });
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// A line across the screen, over as many rows as it takes.
std::string rows_of(Styled line, const Terminal& terminal) {
  Table table({Table::Align::left});
  table.add_line(std::move(line));
  return table.to_string(terminal);
}

// Fills the screen: as many of `lines` as there is room for, and `footer` at the bottom.
std::string fill(const std::string& lines, const std::string& footer, const Terminal& terminal) {
  std::string filled;
  std::size_t start = 0;
  for (std::size_t row = lines_of(footer); row < terminal.rows; ++row) {
    const std::size_t end = std::min(lines.find('\n', start), lines.size());
    filled.append(lines, start, end - start).push_back('\n');
    start = std::min(end + 1, lines.size());
  }
  return filled + footer;
}

class Watch {
 public:
  Watch(Screen& screen, WatchedWords words, std::chrono::milliseconds interval)
      : screen_(screen), words_(std::move(words)), interval_(interval) {}

  // Shows the services until there is reason to quit. Throws as Client does.
  void run(Client& client) {
    client.listen({[this](const Event&) { changed_ = true; }, [this](bool) { changed_ = true; }});
    targets_ = ask_targets(client, words_.targets, Purpose::read);
    for (;;) {
      paint(client);
      const auto painted = Monotonic::now();
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
    const Terminal terminal = Terminal::of_screen();
    const std::string why = rows_of(Styled("! ", Style::red).add(failure.what()), terminal);
    Screen::paint(fill(why, rows_of("q quits; trying again", terminal), terminal));
    const auto end = Monotonic::now() + 1s;
    while (Monotonic::now() < end) {
      if (screen_.wait({}, remaining(end)) == Screen::Key::quit) return true;
    }
    return false;
  }

 private:
  static std::chrono::milliseconds remaining(Monotonic::time_point end) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(end - Monotonic::now()), 0ms);
  }

  std::chrono::milliseconds until_due(Monotonic::time_point painted) const {
    const auto wait =
        changed_ ? std::min<std::chrono::milliseconds>(kBetweenPaintings, interval_) : interval_;
    return remaining(painted + wait);
  }
  bool due(Monotonic::time_point painted) const { return until_due(painted) == 0ms; }

  // True when another part of the list, or another size, is to be painted.
  bool scroll(Screen::Key key) {
    using enum Screen::Key;
    if (key == up) scroll_up(1, 1);
    if (key == page_up) scroll_up(shown_, page_);
    if (key == down) scroll_down(1, 1);
    if (key == page_down) scroll_down(shown_, page_);
    if (key == top) first_ = skipped_ = 0;
    return key != none;
  }

  // Goes over so many services, or lines of the one at the top where not all of it fits the screen.
  void scroll_up(std::size_t services, std::size_t lines) {
    if (skipped_ > 0) {
      skipped_ -= std::min(skipped_, lines);
    } else {
      first_ -= std::min(first_, std::max<std::size_t>(services, 1));
    }
  }
  void scroll_down(std::size_t services, std::size_t lines) {
    if (shown_ == 0) {
      skipped_ += lines;
    } else {
      first_ += services;
      skipped_ = 0;
    }
  }

  void paint(Client& client) {
    const Terminal terminal = Terminal::of_screen();
    const WallTime now = wall_now();
    Table table = status_table();
    add_header(table, client.daemon(), now);
    table.add_headings();

    std::vector<ServiceReport> services = listed(client);
    put_worst_first(services);
    if (first_ >= services.size()) {
      first_ = services.empty() ? 0 : services.size() - 1;
      skipped_ = 0;
    }
    std::size_t rows = 0;
    std::vector<std::size_t> sizes;  // of the services that may be seen, in rows of the table
    for (std::size_t i = first_; i < services.size() && rows < terminal.rows; ++i) {
      std::vector<BackendReport> backends = backends_of(client, services[i].name);
      add_connections(client, services[i].name, backends);
      Listed each{std::move(services[i]), std::move(backends)};
      narrow(each);
      add_service(table, each, terminal, now);
      sizes.push_back(1 + each.backends.size());
      rows += sizes.back();
    }
    show(table.to_rows(terminal), sizes, services.size(), terminal);
  }

  // Paints the rows; the last of them are the services', of which each has as many as `sizes` says.
  void show(const std::vector<std::string>& rows, const std::vector<std::size_t>& sizes,
            std::size_t services, const Terminal& terminal) {
    std::vector<std::string> texts;  // of the services
    auto next = rows.end() - static_cast<std::ptrdiff_t>(
                                 std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
    const std::span head(rows.begin(), next);
    for (const std::size_t size : sizes) {
      const auto end = next + static_cast<std::ptrdiff_t>(size);
      texts.push_back(std::accumulate(next, end, std::string()));
      next = end;
    }
    if (!texts.empty()) skip_lines(texts.front());

    std::string text = text_of_head(head, terminal);
    const std::size_t reserved = lines_of(text) + lines_of(footer(services, services, terminal));
    const std::size_t room = terminal.rows - std::min(reserved + 1, terminal.rows) + 1;
    page_ = std::max<std::size_t>(room, 2) - 1;
    shown_ = 0;
    std::size_t used = 0;
    for (const std::string& each : texts) {
      text += each;
      used += lines_of(each);
      if (used <= room) ++shown_;
    }
    const std::size_t above = first_ + (skipped_ > 0 ? 1 : 0);
    const std::size_t below = services - first_ - shown_;
    Screen::paint(fill(text, footer(above, below, terminal), terminal));
  }

  // Leaves at least the last one of the lines.
  void skip_lines(std::string& text) {
    skipped_ = std::min(skipped_, lines_of(text) - 1);
    for (std::size_t i = 0; i < skipped_; ++i)
      text.erase(0, text.find('\n') + 1);
  }

  // What stands above the services: all of it, or the first and the last row alone where it leaves
  // them less than half of the screen when they are scrolled.
  std::string text_of_head(std::span<const std::string> rows, const Terminal& terminal) const {
    std::string text = std::accumulate(rows.begin(), rows.end(), std::string());
    const bool scrolled = first_ > 0 || skipped_ > 0;
    if (!scrolled || lines_of(text) <= terminal.rows / 2) return text;
    return rows.front() + rows.back();
  }

  std::vector<ServiceReport> listed(Client& client) const {
    std::vector<ServiceReport> services = services_of(client);
    std::erase_if(services, [this](const ServiceReport& each) {
      const bool wrong = standing(each, {}) != Standing::whole;
      return !targets_.means_some_of(each.name) || (words_.down && !wrong);
    });
    return services;
  }

  void narrow(Listed& listed) const {
    keep_meant(listed, targets_);
    if (!words_.down) return;
    const std::vector<BackendReport> all = listed.backends;
    std::erase_if(listed.backends,
                  [&all](const BackendReport& each) { return !is_wrong(each, all); });
  }

  // Says how many services aren't seen as a whole.
  static std::string footer(std::size_t above, std::size_t below, const Terminal& terminal) {
    const std::string line =
        above == 0 && below == 0
            ? "q quits"
            : fmt::format("q quits; arrows and space scroll: {} above, {} below", above, below);
    return rows_of(line, terminal);
  }

  Screen& screen_;
  WatchedWords words_;
  Targets targets_;
  std::chrono::milliseconds interval_;
  std::size_t first_ = 0;    // index of the service at the top
  std::size_t skipped_ = 0;  // lines of it
  std::size_t shown_ = 0;    // services that are seen to their end
  std::size_t page_ = 1;     // lines
  bool changed_ = false;
};

}  // namespace

int watch(const Settings& settings, const WatchedWords& words, std::chrono::milliseconds interval) {
  Screen screen;
  Watch watch(screen, words, interval);
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
