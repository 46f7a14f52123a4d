// The part of program.h about programs that ask DNS when they are told to, or that keep addresses
// for a while.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>

#include "ctl/doctor/program.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr char kAboutHabit[] = "program";

// A line of a configuration file.
struct Place {
  fs::path file;
  int line = 0;
};

// The first line in which `matches` finds what it wants, given the line's words.
template <typename Matches>
std::optional<Place> find_line(const Host& host, const std::vector<fs::path>& files,
                               const Matches& matches) {
  for (const fs::path& file : files) {
    std::istringstream lines(host.read(file).value_or(""));
    int number = 1;
    for (std::string line; std::getline(lines, line); ++number) {
      std::istringstream stream(line.substr(0, line.find('#')));
      std::vector<std::string> words;
      for (std::string word; stream >> word;)
        words.push_back(word);
      if (!words.empty() && matches(words)) return Place{file, number};
    }
  }
  return std::nullopt;
}

// The files that follow this option among the words of its command line, which a program may have
// made one of; else the usual one.
std::vector<fs::path> settings_files(const ExaminedProgram& program, std::string_view option,
                                     const char* usual) {
  std::vector<fs::path> files;
  std::string all;
  if (program.process) {
    for (const std::string& argument : program.process->arguments)
      all += argument + " ";
  }
  std::istringstream words(all);
  for (std::string word; words >> word;) {
    if (word == option && words >> word) files.emplace_back(word);
  }
  if (files.empty()) files.emplace_back(usual);
  return files;
}

void add_folder(const Host& host, const fs::path& folder, std::vector<fs::path>& files) {
  for (const fs::path& file : host.list(folder))
    files.push_back(file);
}

Findings check_nginx(const Host& host, const ExaminedProgram& program) {
  auto files = settings_files(program, "-c", "/etc/nginx/nginx.conf");
  const fs::path folder = files.front().parent_path();
  for (const char* each : {"conf.d", "sites-enabled"})
    add_folder(host, folder / each, files);
  const auto place = find_line(host, files, [](const std::vector<std::string>& words) {
    return words.size() > 1 && words.front() == "resolver";
  });
  if (!place) return {};
  return {fault(kAboutHabit,
                fmt::format("{} has a resolver of its own ({}:{})", program.name,
                            place->file.string(), place->line),
                "Names in variables, as in proxy_pass http://$name, it looks up by DNS, never by "
                "hlb.",
                "Write the name itself, and reload nginx by on_change.")};
}

Findings check_haproxy(const Host& host, const ExaminedProgram& program) {
  const auto files = settings_files(program, "-f", "/etc/haproxy/haproxy.cfg");
  const auto place = find_line(host, files, [](const std::vector<std::string>& words) {
    return words.front() != "resolvers" && std::ranges::find(words, "resolvers") != words.end();
  });
  if (!place) return {};
  return {fault(kAboutHabit,
                fmt::format("{} has servers with resolvers ({}:{})", program.name,
                            place->file.string(), place->line),
                "While it runs it looks their names up by DNS, never by hlb.",
                "Leave resolvers away, and reload HAProxy by on_change.")};
}

// Whether PHP would load its curl extension, of any of its releases.
bool has_php_curl(const Host& host, const fs::path& program) {
  if (!program.filename().string().starts_with("php")) return false;
  return std::ranges::any_of(host.list("/usr/lib/php"), [&host](const fs::path& folder) {
    return host.status(folder / "curl.so").has_value();
  });
}

// curl itself ends before it could matter.
Findings check_libcurl(const Host& host, const ExaminedProgram& program, const fs::path& file) {
  const bool has = std::ranges::any_of(program.code, [](const Library& library) {
    return library.path.filename().string().starts_with("libcurl");
  });
  if (file.filename() == "curl" || (!has && !has_php_curl(host, file))) return {};
  return {note(kAboutHabit, program.name + " uses libcurl, whose handles keep addresses for 60 s",
               "A handle that is used again goes on with a backend that hlb no longer answers.",
               "Set CURLOPT_DNS_CACHE_TIMEOUT to 0, or make a new handle for each request.")};
}

constexpr std::array<std::string_view, 7> kChromiums = {
    "chromium", "chromium-browser", "chrome", "brave", "msedge", "vivaldi-bin", "opera"};

Findings check_browser(const ExaminedProgram& program, const fs::path& file) {
  if (std::ranges::find(kChromiums, file.filename().string()) == kChromiums.end()) return {};
  return {note(kAboutHabit, program.name + " is a Chromium, and keeps addresses for 60 s",
               "Its own DNS client is off where hlb stands on the hosts line; Secure DNS, where it "
               "is on, asks a server over HTTPS, and never hlb.",
               "Turn Secure DNS off: by the policy DnsOverHttpsMode = \"off\".")};
}

Findings check_sandbox(const ExaminedProgram& program) {
  if (program.sandbox.empty()) return {};
  return {fault(kAboutHabit, fmt::format("{} is a {}", program.name, program.sandbox),
                "It runs with a root folder and a glibc of its own, which come without "
                "libnss_hlb.so.2.",
                "Start it, and give the number of its process, to see what it gets.")};
}

}  // namespace

Findings check_habits(const Host& machine, const ExaminedProgram& program) {
  if (!program.sandbox.empty()) return check_sandbox(program);
  const bool runs = program.process.has_value();
  const Host host = runs ? Host(machine.at(program.process->folder() / "root")) : machine;
  const fs::path file = runs ? program.process->program : program.file;
  if (file.filename() == "nginx") return check_nginx(host, program);
  if (file.filename() == "haproxy") return check_haproxy(host, program);
  Findings findings = check_libcurl(host, program, file);
  append(findings, check_browser(program, file));
  return findings;
}

}  // namespace hlb::ctl::doctor
