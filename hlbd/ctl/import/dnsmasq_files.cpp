// The part of formats.h about the files that make up dnsmasq's configuration: those that are named,
// and those that these include.
#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

// Whether conf-dir= with these endings loads the file (dnsmasq(8)): "*.conf" loads such files
// alone,
// ".bak" leaves such files out.
bool is_loaded(std::string_view name, const std::vector<std::string_view>& endings) {
  if (name.starts_with('.') || name.ends_with('~')) return false;
  if (name.starts_with('#') && name.ends_with('#')) return false;
  bool loads_some_alone = false;
  bool is_one_of_them = false;
  for (const std::string_view ending : endings) {
    if (ending.starts_with('*')) {
      loads_some_alone = true;
      is_one_of_them = is_one_of_them || name.ends_with(ending.substr(1));
    } else if (!ending.empty() && name.ends_with(ending)) {
      return false;
    }
  }
  return is_one_of_them || !loads_some_alone;
}

class Following {
 public:
  explicit Following(Entries& entries) : findings_(entries) {}

  // Passes over a file that was read before, so that no files can include each other without end.
  tl::expected<void, std::string> read(const std::filesystem::path& file) {
    std::error_code error;
    if (!seen_.insert(std::filesystem::weakly_canonical(file, error)).second) return {};
    const auto text = read_text(file);
    if (!text) return tl::unexpected(file.string() + ": " + text.error().reason);
    auto included = read_dnsmasq(*text, file.string(), findings_);
    std::ranges::move(included, std::back_inserter(includes_));
    return {};
  }

  // Reads what was included up to now, and what is included by that.
  void follow() {
    while (!includes_.empty()) {
      const Include include = std::move(includes_.front());
      includes_.pop_front();
      if (include.kind == Include::Kind::folder) {
        follow_folder(include);
      } else {
        follow_file(include.argument, include.place);
      }
    }
  }

 private:
  void follow_file(const std::filesystem::path& file, const Place& place) {
    if (const auto done = read(file); !done) findings_.skip(place, done.error());
  }

  void follow_folder(const Include& include) {
    std::vector<std::string_view> endings = parts_of(include.argument, ',');
    const std::filesystem::path folder = endings.front();
    endings.erase(endings.begin());
    std::vector<std::filesystem::path> files;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const bool loaded = is_loaded(entry->path().filename().string(), endings);
      if (loaded && entry->is_regular_file(error)) files.push_back(entry->path());
    }
    if (error) {
      findings_.skip(include.place, folder.string() + ": cannot be read: " + error.message());
    }
    std::ranges::sort(files);
    for (const auto& file : files)
      follow_file(file, include.place);
  }

  Entries& findings_;
  std::set<std::filesystem::path> seen_;
  std::deque<Include> includes_;
};

}  // namespace

tl::expected<void, std::string> read_dnsmasq_files(const std::vector<std::filesystem::path>& files,
                                                   Entries& entries) {
  Following following(entries);
  for (const auto& file : files)
    if (auto done = following.read(file); !done) return done;
  following.follow();
  return {};
}

}  // namespace hlb::ctl
