// The part of formats.h about hosts(5).
#include <algorithm>
#include <array>

#include "config/hostname.h"
#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find('#'));
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Names that every host has for itself, as distributions and other systems write them.
bool is_local(const std::string& name) {
  constexpr std::array<std::string_view, 5> kLocal = {"localhost", "localhost4", "localhost6",
                                                      "loopback", "broadcasthost"};
  return std::ranges::find(kLocal, name) != kLocal.end() || name.starts_with("localhost.") ||
         name.starts_with("localhost4.") || name.starts_with("localhost6.") ||
         name.ends_with(".localhost") || name.starts_with("ip6-");
}

void read_line(std::string_view line, const std::string& own_name, const Place& place,
               Entries& entries) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) return;
  if (words.size() == 1) return entries.skip(place, "has no name");
  const auto is_own = [&](std::string_view word) {
    return config::canonical_hostname(word) == config::canonical_hostname(own_name);
  };
  if (std::any_of(words.begin() + 1, words.end(), is_own)) {
    return entries.skip(place, "is this host itself");
  }
  for (auto name = words.begin() + 1; name != words.end(); ++name) {
    if (is_local(config::canonical_hostname(*name))) {
      entries.skip(place, "is a name that every host has for itself");
    } else {
      entries.add_address(*name, words.front(), false, place);
    }
  }
}

}  // namespace

void read_hosts(std::string_view text, const std::string& file, const std::string& own_name,
                Entries& entries) {
  Place place{file, 0};
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    read_line(line, own_name, place, entries);
  }
}

tl::expected<void, std::string> read_hosts_files(const std::vector<std::filesystem::path>& files,
                                                 const std::string& own_name, Entries& entries) {
  for (const auto& file : files) {
    const auto text = read_text(file);
    if (!text) return tl::unexpected(file.string() + ": " + text.error().reason);
    read_hosts(*text, file.string(), own_name, entries);
  }
  return {};
}

}  // namespace hlb::ctl
