#include "ctl/doctor/fleet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/fleet.h"
#include "ctl/client.h"
#include "ctl/fleet/member_looks.h"
#include "ctl/terminal/times.h"
#include "fleet/keys.h"
#include "text/wording.h"
#include "tls/certificate.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutFleet[] = "fleet";
constexpr char kUnderTls[] = "Put a good one there, and see TLS in: man hlb-fleet";

Finding fleet_note(std::string what, std::string why, std::string mend) {
  return note(kAboutFleet, std::move(what), std::move(why), std::move(mend));
}

// ---- what hlbd says ----------------------------------------------------------------------------

std::optional<FleetReport> ask_hlbd(const Settings& settings) {
  try {
    return Client(settings).fleet();
  } catch (const Failure&) {
    return std::nullopt;
  }
}

// Finds why hlbd doesn't follow. A host that has nothing to go on with answers none of the fleet's
// names.
Finding check_frozen(const FleetReport& fleet, WallTime now) {
  const std::string what =
      fmt::format("this host is frozen for {}: {}", age(fleet.since, now), fleet.fault);
  const std::string mend = "Mend what is said below, if anything, and see: journalctl -u hlbd";
  if (fleet.revision == 0) {
    return fault(kAboutFleet, what, "Nothing is known from before, so lookups of its names fail.",
                 mend);
  }
  return fleet_note(what,
                    fmt::format("What etcd said {} ago holds; changes don't come here.",
                                age(fleet.last_sign, now)),
                    mend);
}

Findings check_standing(const FleetReport& fleet) {
  Findings findings;
  if (fleet.state.empty()) {
    return {fleet_note("hlbd takes no part in it, though its configuration has [fleet]",
                       "It was written after hlbd read the file.", "Type: hlbctl reload")};
  }
  if (fleet.state == "frozen") findings.push_back(check_frozen(fleet, wall_now()));
  if (fleet.held > 0) {
    findings.push_back(fleet_note(
        fmt::format("{} that etcd has lost stay in force", text::counted(fleet.held, "key")),
        "It was wiped, or restored from an older snapshot.",
        "If they are to go: hlbctl fleet accept; if not, write them again."));
  }
  if (!fleet.refused.empty()) {
    const auto& [key, reason] = fleet.refused.front();
    findings.push_back(fleet_note(
        fmt::format("{} can't be used, as {}: {}", text::counted(fleet.refused.size(), "key"), key,
                    reason),
        "What such a key said before holds.", "See them all, and write them anew: hlbctl fleet"));
  }
  return findings;
}

// ---- certificates ------------------------------------------------------------------------------

// Of a chain that ends first counts, of authorities the last: one of them may have taken another's
// place.
Findings check_end(const std::string& file, bool is_authority) {
  constexpr std::chrono::days kSoon{14};
  const auto ends = file.empty() ? std::vector<tls::WallClock::time_point>() : tls::ends_in(file);
  if (ends.empty()) return {};
  const auto end = is_authority ? std::ranges::max(ends) : std::ranges::min(ends);
  const auto now = tls::WallClock::now();
  if (end > now + kSoon) return {};
  return {fleet_note(
      fmt::format("{} {}", file, tls::lifetime(end, now)),
      end < now ? "etcd isn't reached by it any more." : "From then on etcd isn't reached by it.",
      kUnderTls)};
}

// A configuration that can't be used, which is how a certificate shows that can't.
Finding unusable(const std::string& why) {
  if (why.find(std::make_error_code(std::errc::permission_denied).message()) != std::string::npos) {
    return fleet_note("etcd wasn't asked: " + why,
                      "Root may read it, and the user whom hlbd runs as.",
                      "Run hlbctl doctor as root.");
  }
  return fleet_note("the configuration has a fault: " + why,
                    "hlbd goes on as it was, until it is started anew.",
                    "Mend it, and type: hlbctl check-config");
}

// ---- members of etcd ---------------------------------------------------------------------------

Findings check_answers(const std::vector<MemberLook>& members) {
  const bool some =
      std::ranges::any_of(members, [](const MemberLook& each) { return each.fault.empty(); });
  Findings findings;
  for (const MemberLook& each : members) {
    if (each.fault.empty()) continue;
    if (each.refuses) {
      findings.push_back(fleet_note("etcd refuses to be read: " + each.fault,
                                    "It has users, and this host's may not read the catalog.",
                                    "Give it the role, see Users in: man hlb-fleet"));
    } else {
      findings.push_back(fleet_note(
          "a member of etcd doesn't answer: " + each.fault,
          some ? "Hosts go on with the others." : "No host that finds the same follows the fleet.",
          "See there: systemctl status etcd"));
    }
  }
  return findings;
}

Findings check_clusters(const std::vector<MemberLook>& members) {
  std::set<std::uint64_t> clusters;
  std::vector<std::string> places;
  for (const MemberLook& each : members) {
    if (each.fault.empty() && clusters.insert(each.stand.cluster).second)
      places.push_back(each.endpoint);
  }
  if (clusters.size() < 2) return {};
  return {fleet_note(fmt::format("{} are of different clusters", fmt::join(places, " and ")),
                     "What a host follows depends on which of them it happens to ask.",
                     "Compare: etcdctl --endpoints URL,URL member list")};
}

// Auto-compaction is nothing that a member tells of. One that has compacted nothing in so many
// changes won't do so by itself.
Findings check_compaction(const std::vector<MemberLook>& members) {
  constexpr fleet::Revision kMany = 10'000;
  for (const MemberLook& each : members) {
    if (!each.fault.empty() || !each.keeps_all || each.stand.revision < kMany) continue;
    return {fleet_note(
        fmt::format("etcd keeps all {} revisions: nothing was ever compacted", each.stand.revision),
        "It does so unless it is told otherwise, until it is full and takes no more writes.",
        "Start all of its members with --auto-compaction-retention=1h")};
  }
  return {};
}

// ---- what is let through -----------------------------------------------------------------------

struct LetThrough {
  std::size_t keys = 0;
  std::size_t let = 0;
  std::string other{};  // one that isn't

  void count(const std::string& shown, bool may) {
    ++keys;
    let += may ? 1 : 0;
    if (!may) other = shown;
  }

  Findings check(const char* what, const char* list) const {
    if (keys == 0 || let > 0) return {};
    return {fleet_note(
        fmt::format("\"{}\" of [fleet] lets none of {} through, not even {}", list,
                    text::counted(keys, what), other),
        "This host answers nothing of the fleet's.",
        fmt::format("Compare \"{}\" in hlbd.toml with what the fleet is to give.", list))};
  }
};

Findings check_allow_lists(const FleetConfig& config, const std::vector<MemberLook>& members) {
  const auto answered =
      std::ranges::find_if(members, [](const MemberLook& each) { return each.fault.empty(); });
  if (answered == members.end()) return {};
  using Kind = fleet::KeySubject::Kind;
  const fleet::KeyLayout layout(config.prefix);
  LetThrough names;
  LetThrough addresses;
  for (const fleet::Change& each : answered->keys) {
    const auto of = layout.parse(each.key);
    if (!of) continue;
    if (of->kind == Kind::service)
      names.count(of->service, config::may_define(config, of->service));
    if (of->kind == Kind::backend)
      addresses.count(of->address.to_string(), config::may_give(config, of->address));
  }
  if (names.keys == 0) {
    return {fleet_note(fmt::format("etcd has no service below {}", layout.catalog()),
                       "So this host has none of the fleet's.",
                       "Write one, see: man hlb-fleet; or compare \"prefix\" of [fleet].")};
  }
  Findings findings = names.check("service", "names");
  append(findings, addresses.check("backend", "allow"));
  return findings;
}

Findings check_etcd(const FleetConfig& config) {
  const std::vector<MemberLook> members = look_at_members(config);
  Findings findings = check_answers(members);
  append(findings, check_clusters(members));
  append(findings, check_compaction(members));
  append(findings, check_allow_lists(config, members));
  return findings;
}

}  // namespace

Findings check_fleet(const Settings& settings, const OnBus& bus) {
  const bool is_there = bus.presence == OnBus::Presence::present;
  const auto standing = is_there ? ask_hlbd(settings) : std::nullopt;
  const auto config =
      load_config(bus.config_file.empty() ? settings.config.string() : bus.config_file);
  if (!config) {
    if (!standing || standing->state.empty()) return {};
    Findings findings = check_standing(*standing);
    findings.push_back(unusable(config.error().front().to_string()));
    return findings;
  }
  if (!config->fleet) return {};
  Findings findings = standing ? check_standing(*standing) : Findings();
  append(findings, check_end(config->fleet->ca, true));
  append(findings, check_end(config->fleet->certificate, false));
  append(findings, check_etcd(*config->fleet));
  return findings;
}

}  // namespace hlb::ctl::doctor
