#include "ctl/doctor/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <vector>

#include "text/ascii.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutOrder[] = "nsswitch";
constexpr char kDefault[] = "glibc then asks dns, and never hlb.";

// Sources that answer for names of their own, and let every other name pass.
constexpr std::array<std::string_view, 6> kHarmless = {
    "files", "db", "mymachines", "libvirt", "libvirt_guest", "extrausers"};

// Whether hlb may stand after it. The words of a comment are sources to glibc, for which it finds
// no module.
bool is_harmless(const NssSource& source) {
  return source.name.starts_with('#') ||
         std::ranges::find(kHarmless, source.name) != kHarmless.end();
}

// Whether a name that the source doesn't know goes no further. /etc/hosts is always there.
bool stops_search(const NssSource& source) {
  return source.stops_on(SourceStatus::notfound) ||
         (source.name != "files" && source.stops_on(SourceStatus::unavail));
}

bool must_follow_hlb(const NssSource& source) {
  return !is_harmless(source) || stops_search(source);
}

std::string in_line(const HostsLine& hosts) {
  return fmt::format("the hosts line ({}:{})", kNsswitchFile, hosts.line);
}

std::string join(std::span<const std::string> words) {
  std::string joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) joined += i + 1 == words.size() ? " and " : ", ";
    joined += words[i];
  }
  return joined;
}

// The source that was probably meant to be hlb: "HLB", "hlb,", "#hlb"; empty if none was.
std::string lookalike(const HostsLine& hosts) {
  for (const NssSource& source : hosts.sources) {
    std::string letters;
    for (const char c : source.name) {
      if (std::isalpha(static_cast<unsigned char>(c)) != 0) letters += text::lower_case(c);
    }
    if (letters == "hlb") return source.name;
  }
  return "";
}

Finding syntax_error(const Nsswitch::Error& error) {
  return fault(kAboutOrder,
               fmt::format("{}:{}: \"{}\" is no action", kNsswitchFile, error.line, error.text),
               "glibc then takes nothing of the file, and every lookup fails, of users too.",
               "Write [STATUS=ACTION], where STATUS is SUCCESS, NOTFOUND, UNAVAIL or TRYAGAIN, and "
               "ACTION is return, continue or merge.");
}

}  // namespace

Findings SourceOrder::findings() const {
  if (!file_) {
    return {fault(kAboutOrder, fmt::format("{}: {}", kNsswitchFile, file_.error().message()),
                  kDefault, "Write into it: " + mended())};
  }
  if (nsswitch_.error) return {syntax_error(*nsswitch_.error)};
  if (nsswitch_.hosts_unterminated) {
    return {fault(kAboutOrder,
                  fmt::format("{} ends in a hosts line without a newline", kNsswitchFile),
                  "glibc doesn't read such a line.", "Add a newline.")};
  }
  if (!nsswitch_.hosts) {
    return {fault(kAboutOrder, fmt::format("{} has no hosts line", kNsswitchFile), kDefault,
                  "Add: " + mended())};
  }
  return of_line(*nsswitch_.hosts);
}

Findings SourceOrder::of_line(const HostsLine& hosts) const {
  Findings findings;
  if (!hosts.unread.empty()) {
    findings.push_back(fault(
        kAboutOrder, fmt::format("glibc stops reading {} at \"{}\"", in_line(hosts), hosts.unread),
        "What stands there isn't asked.",
        "Put brackets behind a source alone, and all of its actions into one pair."));
  }
  const std::size_t hlb = hosts.find("hlb");
  if (hlb != hosts.sources.size()) {
    append(findings, of_place(hosts, hlb));
    append(findings, of_actions(hosts, hlb));
  } else if (hosts.unread.empty()) {
    const std::string meant = lookalike(hosts);
    findings.push_back(
        fault(kAboutOrder,
              meant.empty() ? fmt::format("no hlb on {}", in_line(hosts))
                            : fmt::format("\"{}\" instead of hlb on {}", meant, in_line(hosts)),
              "No program asks hlb.", "Write: " + mended()));
  }
  return findings;
}

Findings SourceOrder::of_place(const HostsLine& hosts, std::size_t hlb) const {
  std::vector<std::string> earlier;
  bool stops = false;
  for (const NssSource& source : std::span(hosts.sources).first(hlb)) {
    if (!must_follow_hlb(source)) continue;
    earlier.push_back(source.to_string());
    stops = stops || stops_search(source);
  }
  if (!earlier.empty()) {
    return {fault(kAboutOrder,
                  fmt::format("hlb stands behind {} on {}", join(earlier), in_line(hosts)),
                  stops ? "The search can end there, and hlb isn't asked."
                        : "A name known there is answered from there, and hlb isn't asked.",
                  "Write: " + mended())};
  }
  const std::size_t files = hosts.find("files");
  if (files != hosts.sources.size() && files > hlb) {
    return {note(kAboutOrder, fmt::format("hlb stands before files on {}", in_line(hosts)),
                 "/etc/hosts can't override the name of a service.",
                 "If it shall, write: " + mended())};
  }
  return {};
}

Findings SourceOrder::of_actions(const HostsLine& hosts, std::size_t hlb) const {
  const NssSource& source = hosts.sources[hlb];
  if (hlb + 1 == hosts.sources.size()) return {};
  const std::string next = hosts.sources[hlb + 1].name;
  const std::string what = fmt::format("\"{}\" on {}", source.to_string(), in_line(hosts));
  Findings findings;
  if (source.stops_on(SourceStatus::unavail)) {
    findings.push_back(fault(kAboutOrder, what + " ends the search for names that aren't hlb's",
                             fmt::format("No other name reaches {}.", next), "Write: " + mended()));
  }
  if (!source.stops_on(SourceStatus::success)) {
    findings.push_back(fault(kAboutOrder, what + " goes on after an answer of hlb's",
                             fmt::format("Programs get what {} says instead, or nothing.", next),
                             "Write: " + mended()));
  }
  if (!source.stops_on(SourceStatus::ended)) {
    findings.push_back(
        fault(kAboutOrder, what + " goes on where hlb ends the search",
              fmt::format("For a service without a healthy backend {} is asked.", next),
              "Write: " + mended()));
  }
  return findings;
}

bool SourceOrder::asks_before_hlb(std::string_view source) const {
  if (!nsswitch_.hosts) return true;
  const HostsLine& hosts = *nsswitch_.hosts;
  const std::size_t place = hosts.find(source);
  return place != hosts.sources.size() && place < hosts.find("hlb");
}

std::string SourceOrder::mended() const {
  if (!nsswitch_.hosts || nsswitch_.hosts->sources.empty()) return "hosts: files hlb dns";
  std::vector<NssSource> sources = nsswitch_.hosts->sources;
  std::erase_if(sources, [this](const NssSource& source) {
    return source.name == "hlb" || source.name == lookalike(*nsswitch_.hosts);
  });
  // hlb's place is after the harmless sources that lead up to files, or, if files isn't among them,
  // first.
  auto place = sources.begin();
  for (auto each = sources.begin(); each != sources.end() && is_harmless(*each); ++each) {
    if (stops_search(*each)) each->actions.clear();
    if (each->name == "files") place = each + 1;
  }
  sources.insert(place, NssSource{.name = "hlb", .actions = ""});
  std::string line = "hosts:";
  for (const NssSource& source : sources)
    line += " " + source.to_string();
  return line;
}

}  // namespace hlb::ctl::doctor
