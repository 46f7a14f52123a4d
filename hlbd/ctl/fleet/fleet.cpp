// hlbctl fleet: how this host stands in its fleet, what was done there, and what is accepted.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/consent.h"
#include "ctl/fleet/desk.h"
#include "ctl/output.h"
#include "ctl/terminal/table.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/text.h"
#include "ctl/terminal/times.h"
#include "fleet/accept.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

struct FleetWishes {
  EtcdIdentity identity;
  std::string reason;
  bool yes = false;
  std::uint32_t most = 20;
};

// ---- how it stands -----------------------------------------------------------------------------

std::string state_line(const FleetReport& fleet, WallTime now) {
  const std::string endpoint = printable(fleet.endpoint);
  if (fleet.state == "fresh") {
    return fmt::format("follows {} since {} ago, at revision {} of cluster {:x}", endpoint,
                       age(fleet.since, now), fleet.revision, fleet.cluster);
  }
  if (fleet.state == "starting") return "connects to " + endpoint;
  const std::string line =
      fmt::format("frozen for {}: {}", age(fleet.since, now), printable(fleet.fault));
  if (fleet.last_sign == WallTime{}) return line + "; etcd was never heard";
  return line + fmt::format("; what etcd said {} ago holds", age(fleet.last_sign, now));
}

void add_refused(const FleetReport& fleet, std::string& text) {
  if (fleet.refused.empty()) return;
  using enum Table::Align;
  Table table({left, left}, {"  REFUSED KEY", "WHY; what it said before holds"});
  for (const FleetReport::Refused& each : fleet.refused)
    table.add_row({"  " + printable(each.key), printable(each.reason)});
  text += "\n" + table.to_string(Terminal::of_standard_output());
}

// Asks for the members itself: only who may read the certificates' keys can.
void add_members(const Settings& settings, const FleetWishes& wishes, std::string& text) {
  try {
    EngineDesk desk(settings, wishes.identity);
    text += "members:";
    for (const fleet::Member& each : desk.members())
      text += " " + printable(each.name.empty() ? "(starting)" : each.name);
    text += "\n";
  } catch (const Failure& failure) {
    text += fmt::format("members: not known: {}\n", failure.what());
  }
}

int show(const Settings& settings, const FleetWishes& wishes) {
  const WallTime now = wall_now();
  const FleetReport fleet = Client(settings).fleet();
  if (fleet.state.empty())
    throw Failure(kTrouble, "this host stands alone: hlbd.toml has no [fleet]; see hlb-fleet(7)");
  std::string text = state_line(fleet, now) + "\n";
  add_members(settings, wishes, text);
  text += text::counted(fleet.keys, "key") + "\n";
  if (fleet.held > 0) {
    text += fmt::format(
        "{} that etcd has lost stay in force, since {}: if they are to go, hlbctl fleet accept\n",
        text::counted(fleet.held, "key"), moment(fleet.held_since, now));
  }
  add_refused(fleet, text);
  put_out(text);
  return fleet.state == "frozen" || fleet.held > 0 || !fleet.refused.empty() ? kTrouble : kOk;
}

// ---- what is written ---------------------------------------------------------------------------

int accept(const Settings& settings, const FleetWishes& wishes) {
  EngineDesk desk(settings, wishes.identity);
  const auto present = desk.list(desk.keys().catalog());
  const std::string what =
      fmt::format("etcd has {} now; what hosts have beside these will go on all hosts",
                  text::counted(present.keys.size(), "key"));
  if (!wishes.yes && !consents(what)) return kTrouble;
  const WallTime now = wall_now();
  const std::string who = operator_name();
  desk.write(
      {.only_if = {}, .writes = {{desk.keys().accept(), fleet::encode_acceptance({now, who})}}},
      {.at = now, .what = "accept what etcd has", .by = who, .why = wishes.reason});
  put_out("accepted: hosts take over what etcd has\n");
  return kOk;
}

int show_log(const Settings& settings, const FleetWishes& wishes) {
  EngineDesk desk(settings, wishes.identity);
  using enum Table::Align;
  Table table({left, left, left, left}, {"TIME", "WHO", "WHAT", "WHY"});
  const fleet::Listing log = desk.list(desk.keys().log());
  const std::size_t first = log.keys.size() - std::min<std::size_t>(log.keys.size(), wishes.most);
  for (std::size_t i = first; i < log.keys.size(); ++i) {
    const auto entry = fleet::read_log_entry(log.keys[i].value.value_or(""));
    if (!entry) continue;
    table.add_row({timestamp(entry->at), printable(entry->by), printable(entry->what),
                   printable(entry->why)});
  }
  put_out(table.to_string(Terminal::of_standard_output()));
  return kOk;
}

using Act = int (*)(const Settings& settings, const FleetWishes& wishes);

CLI::App* add(CLI::App& app, const Settings& settings, Run& run,
              const std::shared_ptr<FleetWishes>& wishes, const char* name, const char* help,
              Act act) {
  CLI::App* command = app.add_subcommand(name, help);
  add_identity(*command, wishes->identity);
  command->callback([command, wishes, act, &settings, &run] {
    if (!command->get_subcommands().empty()) return;  // which has set it already
    run = [wishes, act, &settings] { return act(settings, *wishes); };
  });
  return command;
}

}  // namespace

void add_fleet(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<FleetWishes>();
  CLI::App* fleet =
      add(app, settings, run, wishes, "fleet", "how this host stands in its fleet", show);
  CLI::App* accepted = add(*fleet, settings, run, wishes, "accept",
                           "have all hosts give up what etcd has lost", accept);
  accepted->add_option("--reason", wishes->reason, "why, for those who will ask")
      ->type_name("TEXT");
  accepted->add_flag("--yes", wishes->yes, "don't ask");
  CLI::App* log = add(*fleet, settings, run, wishes, "log", "who did what, and why", show_log);
  log->add_option("-n", wishes->most, "as many of the latest")->type_name("COUNT");
  fleet->require_subcommand(0, 1);
  fleet->footer(
      "Examples:\n"
      "  hlbctl fleet\n"
      "  hlbctl fleet log -n 5");
}

}  // namespace hlb::ctl
