// hlbctl resolve: what a program on this machine gets for a name, by each way, and why.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/resolve/inclusions.h"
#include "ctl/resolve/paths.h"
#include "ctl/status/snapshot.h"
#include "ctl/terminal/table.h"
#include "ctl/terminal/terminal.h"
#include "libnss_hlb/bus.h"
#include "libnss_hlb/name.h"

namespace hlb::ctl {
namespace {

struct ResolveWishes {
  std::string name;
  bool json = false;
};

struct Resolution {
  std::string service;  // empty: the name belongs to no service
  PathAnswer table;
  PathAnswer bus;
  LibcAnswer libc;
  std::vector<Inclusion> backends;
  bool reached = true;  // hlbd
};

// Asks hlbd; why it can't be reached becomes the trouble of the way over the bus.
std::vector<BackendReport> ask_hlbd(const Settings& settings, const std::string& name,
                                    Resolution& resolution) {
  try {
    Client client(settings);
    try {
      resolution.bus.addresses = client.resolve(name);
      if (resolution.bus.addresses.empty()) resolution.bus.trouble = "no address";
    } catch (const Failure& failure) {
      if (failure.code == kUnreachable) throw;
      resolution.bus.trouble = failure.what();
    }
    if (resolution.service.empty()) resolution.service = client.find_service(name);
    return backends_of(client, resolution.service);
  } catch (const Failure& failure) {
    resolution.reached = failure.code != kUnreachable;
    resolution.bus.trouble = failure.what();
    return {};
  }
}

Resolution resolve(const Settings& settings, const std::string& name) {
  Resolution resolution;
  const MappedTable table(settings.runtime_dir / bus::kTableFile);
  const record::View record = table.view().valid() ? table.view().find(Name(name)) : record::View();
  if (record.valid()) resolution.service = record.name();
  resolution.table = ask_table(table, record);
  const std::vector<BackendReport> told = ask_hlbd(settings, name, resolution);
  resolution.libc = ask_libc(name, !resolution.service.empty());
  resolution.backends = inclusions(record, told, wall_now());
  return resolution;
}

// Says whose answer libc gives, as that isn't seen by the addresses.
std::string libc_remark(const Resolution& resolution) {
  const std::string& trouble = resolution.libc.trouble;
  const char* const who = resolution.libc.by_hlb ? "by hlb" : "not by hlb";
  return trouble.empty() ? who : fmt::format("{}: {}", who, trouble);
}

std::string whose(const std::string& name, const std::string& service) {
  if (service.empty()) return " is no service of hlb's";
  return name == service ? " is a service" : " is of the service " + service;
}

std::string to_text(const std::string& name, const Resolution& resolution) {
  using enum Table::Align;
  Table table({left, left, left}, {"  WAY", "ADDRESSES", ""});
  table.add_line(Styled(printable(name), Style::bold).add(whose(name, resolution.service)));
  table.add_headings();
  const auto add = [&table](const char* way, const PathAnswer& answer, const std::string& remark) {
    const bool none = answer.addresses.empty();
    table.add_row({way, none ? "none" : fmt::format("{}", fmt::join(answer.addresses, " ")),
                   printable(remark)});
  };
  add("  table", resolution.table, resolution.table.trouble);
  add("  bus", resolution.bus, resolution.bus.trouble);
  add("  libc", resolution.libc, libc_remark(resolution));

  const Terminal terminal = Terminal::of_standard_output();
  std::string text = table.to_string(terminal);
  if (resolution.backends.empty()) return text;
  text += "\n";
  Table backends({left, left, left}, {"  BACKEND", "", "WHY"});
  backends.add_headings();
  for (const Inclusion& inclusion : resolution.backends) {
    backends.add_row({"  " + inclusion.address,
                      inclusion.is_in ? Styled("in", Style::green) : Styled("out", Style::red),
                      printable(inclusion.why)});
  }
  return text + backends.to_string(terminal);
}

Json json_of(const PathAnswer& answer) {
  return {{"addresses", answer.addresses}, {"trouble", json_text(answer.trouble)}};
}

std::string to_json(const std::string& name, const Resolution& resolution) {
  Json backends = Json::array();
  for (const Inclusion& inclusion : resolution.backends) {
    backends.push_back(
        {{"address", inclusion.address}, {"in", inclusion.is_in}, {"why", inclusion.why}});
  }
  Json libc = json_of(resolution.libc);
  libc["by_hlb"] = resolution.libc.by_hlb;
  return write({{"name", name},
                {"service", json_text(resolution.service)},
                {"table", json_of(resolution.table)},
                {"bus", json_of(resolution.bus)},
                {"libc", std::move(libc)},
                {"backends", std::move(backends)}},
               Terminal::of_standard_output().interactive);
}

int show_answers(const Settings& settings, const ResolveWishes& wishes) {
  const Resolution resolution = resolve(settings, wishes.name);
  const std::string text =
      wishes.json ? to_json(wishes.name, resolution) : to_text(wishes.name, resolution);
  put_out(text);
  if (!resolution.reached) return kUnreachable;
  return resolution.libc.by_hlb && !resolution.libc.addresses.empty() ? kOk : kTrouble;
}

}  // namespace

void add_resolve(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<ResolveWishes>();
  CLI::App* command =
      app.add_subcommand("resolve", "show what programs get for a name, by each way, and why");
  command->add_option("NAME", wishes->name, "a hostname")->type_name("")->required();
  command->add_flag("--json", wishes->json, "for scripts: the form is described in hlbctl(1)");
  command->footer(
      "Exit status: 0 a program gets addresses from hlb, 1 it doesn't, 3 hlbd can't be reached.\n"
      "\nExamples:\n"
      "  hlbctl resolve app.local\n"
      "  hlbctl resolve app.local --json | jq -r '.backends[] | select(.in | not) | .why'");
  command->callback([wishes, &settings, &run] {
    run = [wishes, &settings] { return show_answers(settings, *wishes); };
  });
}

}  // namespace hlb::ctl
