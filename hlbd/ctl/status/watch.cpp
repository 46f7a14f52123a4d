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
#include "ctl/what_there_is.h"

namespace hlb::ctl {
namespace {

using Monotonic = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kBetweenPaintings = 500ms;  // at least, however much changes

// Puts the services first that need an eye.
void put_worst_first(std::vector<ServiceReport>& services) {
  std::ranges::stable_sort(services, std::greater(),
                           [](const ServiceReport& service) { return standing(service, {}); });
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// Fills the screen: as many of `lines` as there is room for, and `footer` at the bottom.
std::string fill(const std::string& lines, std::size_t rows, const std::string& footer) {
  std::string filled;
  std::size_t start = 0;
  for (std::size_t row = 0; row + 1 < rows; ++row) {
    const std::size_t end = std::min(lines.find('\n', start), lines.size());
    filled.append(lines, start, end - start).push_back('\n');
    start = std::min(end + 1, lines.size());
  }
  return filled + footer + "\n";
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
    const Terminal terminal = Terminal::of_standard_output();
    Table table({Table::Align::left});
    table.add_line(Styled("! ", Style::red).add(failure.what()));
    Screen::paint(fill(table.to_string(terminal), terminal.rows, "q quits; trying again"));
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
    add_header(table, client.daemon(), now);
    table.add_headings();

    std::vector<ServiceReport> services = listed(client);
    put_worst_first(services);
    first_ = std::min(first_, services.empty() ? 0 : services.size() - 1);
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
    auto next = rows.end();
    for (const std::size_t size : sizes)
      next -= static_cast<std::ptrdiff_t>(size);
    std::string text;
    std::for_each(rows.begin(), next, [&text](const std::string& row) { text += row; });
    shown_ = 0;
    for (const std::size_t size : sizes) {
      for (std::size_t i = 0; i < size; ++i)
        text += *next++;
      shown_ += lines_of(text) < terminal.rows ? 1 : 0;  // seen as a whole
    }
    Screen::paint(fill(text, terminal.rows, footer(services)));
  }

  std::vector<ServiceReport> listed(Client& client) const {
    std::vector<ServiceReport> services = client.services();
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

  std::string footer(std::size_t services) const {
    const std::size_t below = services - first_ - shown_;
    if (first_ == 0 && below == 0) return "q quits";
    return fmt::format("q quits; arrows and space scroll: {} above, {} below", first_, below);
  }

  Screen& screen_;
  WatchedWords words_;
  Targets targets_;
  std::chrono::milliseconds interval_;
  std::size_t first_ = 0;  // index of the service at the top
  std::size_t shown_ = 0;
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
