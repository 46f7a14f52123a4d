#include "ctl/import/entries.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/backends.h"
#include "config/hostname.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb::ctl {

namespace {

constexpr std::size_t kFileNameLimit = 4096;

std::string to_string(const Place& first, unsigned last_line) {
  std::string text = text::readable(first.file, kFileNameLimit);
  if (first.line != 0) text += ":" + std::to_string(first.line);
  if (last_line != first.line) text += "-" + std::to_string(last_line);
  return text;
}

}  // namespace

std::optional<std::string> Entries::usable_name(std::string_view text, const Place& place) {
  auto name = config::parse_hostname(text);
  if (name) return *std::move(name);
  skip(place, text::in_quotes(text) + " " + name.error());
  return std::nullopt;
}

void Entries::add_address(std::string_view name, std::string_view address, bool subdomains,
                          const Place& place) {
  // Advice on how to write an address in hlbd.toml would be out of place.
  if (!Address::parse(address)) return skip(place, text::in_quotes(address) + " is no address");
  const auto parsed = config::parse_address(address);
  if (!parsed) {
    add_stop({.name = std::string(name),
              .kind = NamedStop::Kind::unusable,
              .family = Address::parse(address)->family,
              .subdomains = subdomains,
              .place = place});
    return skip(place, text::in_quotes(address) + " " + parsed.error());
  }
  auto usable = usable_name(name, place);
  if (usable) addresses_.push_back({*std::move(usable), *parsed, subdomains, place});
}

void Entries::add_alias(std::string_view alias, std::string_view target, const Place& place) {
  auto usable = usable_name(alias, place);
  if (!usable) return;
  aliases_.push_back({*std::move(usable), config::canonical_hostname(target), place});
}

void Entries::add_stop(NamedStop stop) {
  auto name = config::parse_hostname(stop.name);
  if (!name) return;
  stop.name = *std::move(name);
  stops_.push_back(std::move(stop));
}

void Entries::skip(const Place& place, std::string message) {
  notes_.push_back({place, std::move(message)});
}

void Entries::differ(const Place& place, std::string message) {
  notes_.push_back({place, std::move(message), true});
}

std::vector<std::string> to_lines(std::vector<Note> notes) {
  std::ranges::stable_sort(
      notes, {}, [](const Note& note) { return std::tie(note.place.file, note.place.line); });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < notes.size();) {
    const Note& first = notes[i];
    unsigned last_line = first.place.line;
    // A line can have said the same of several names.
    for (++i; i < notes.size() && notes[i].message == first.message; ++i) {
      if (notes[i].place.file != first.place.file || notes[i].place.line - last_line > 1) break;
      last_line = notes[i].place.line;
    }
    const std::string_view kind = first.differs ? ": differs: " : ": skipped: ";
    lines.push_back(to_string(first.place, last_line).append(kind) + first.message);
  }
  return lines;
}

}  // namespace hlb::ctl
