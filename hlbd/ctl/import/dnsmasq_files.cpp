// The part of formats.h about the files that make up dnsmasq's configuration: those that are named,
// and those that these include.
#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

constexpr char kOfPackages[] = ".dpkg-dist,.dpkg-old,.dpkg-new";

// Whether conf-dir= with these endings loads the file (dnsmasq(8)): "*.conf" loads such files
// alone, ".bak" leaves such files out.
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
    read_dnsmasq(*text, file.string(), findings_, settings_);
    return {};
  }

  void read(const PlacedOption& given) {
    read_dnsmasq_option(given.option, given.place, findings_, settings_);
  }

  void add_folder(const std::filesystem::path& folder) {
    settings_.includes.push_back(
        {Include::Kind::folder, folder.string() + "," + kOfPackages, {folder.string(), 0}});
  }

  // Reads what was included up to now, and what is included by that.
  void follow() {
    while (followed_ < settings_.includes.size()) {
      const Include include = settings_.includes[followed_++];
      for (const auto& file : files_of(include))
        follow_file(file, include.place);
    }
  }

  void read_hosts() {
    HostsRules rules{.own_name = "", .notes_own_names = true};
    if (settings_.expand_hosts) {
      rules.domains = settings_.domains;
      if (settings_.domain) rules.domains.push_back(*settings_.domain);
    }
    for (const Include& include : settings_.hosts) {
      for (const auto& file : files_of(include))
        read_hosts_file(file, rules, include.place);
    }
    if (settings_.no_hosts) return;
    rules.own_name = own_host_name();
    rules.notes_own_names = false;  // other programs look these up in the file itself
    read_hosts_file("/etc/hosts", rules, {"/etc/hosts", 0});
  }

  DnsmasqSettings take() { return std::move(settings_); }

 private:
  void follow_file(const std::filesystem::path& file, const Place& place) {
    if (const auto done = read(file); !done) findings_.skip(place, done.error());
  }

  void read_hosts_file(const std::filesystem::path& file, const HostsRules& rules,
                       const Place& place) {
    std::error_code error;
    if (!hosts_seen_.insert(std::filesystem::weakly_canonical(file, error)).second) return;
    const auto done = read_hosts_files({file}, rules, findings_);
    if (!done) findings_.skip(place, done.error());
  }

  // The file itself, or those of a folder that dnsmasq reads.
  std::vector<std::filesystem::path> files_of(const Include& include) {
    std::vector<std::string_view> endings = parts_of(include.argument, ',');
    const std::filesystem::path path = endings.front();
    endings.erase(endings.begin());
    std::error_code error;
    if (include.kind == Include::Kind::file && !std::filesystem::is_directory(path, error)) {
      return {path};
    }
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entry(path, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const bool loaded = is_loaded(entry->path().filename().string(), endings);
      if (loaded && entry->is_regular_file(error)) files.push_back(entry->path());
    }
    if (error) {
      findings_.skip(include.place, path.string() + ": cannot be read: " + error.message());
    }
    std::ranges::sort(files);
    return files;
  }

  Entries& findings_;
  DnsmasqSettings settings_;
  std::size_t followed_ = 0;  // of its includes
  std::set<std::filesystem::path> seen_;
  std::set<std::filesystem::path> hosts_seen_;
};

}  // namespace

tl::expected<DnsmasqSettings, std::string> read_dnsmasq_files(const DnsmasqStart& start,
                                                              Entries& entries) {
  Following following(entries);
  for (const PlacedOption& option : start.options)
    following.read(option);
  std::error_code error;
  for (const auto& file : start.files) {
    if (std::filesystem::is_directory(file, error)) {
      following.add_folder(file);
    } else if (start.may_be_missing && !std::filesystem::exists(file, error)) {
      continue;
    } else if (auto done = following.read(file); !done) {
      return tl::unexpected(done.error());
    }
  }
  following.follow();
  following.read_hosts();
  return following.take();
}

}  // namespace hlb::ctl
