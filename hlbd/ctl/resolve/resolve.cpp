// hlbctl resolve: what a program on this machine gets for a name, by each way, and why.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "ctl/client.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/output.h"
#include "ctl/resolve/inclusions.h"
#include "ctl/resolve/paths.h"
#include "ctl/status/snapshot.h"
#include "ctl/targets.h"
#include "ctl/terminal/table.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/times.h"
#include "ctl/what_there_is.h"
#include "libnss_hlb/bus.h"
#include "libnss_hlb/name.h"
#include "text/idn.h"

namespace hlb::ctl {
namespace {

struct ResolveWishes {
  std::vector<std::string> names;
  bool json = false;
};

struct Resolution {
  std::string typed;
  std::string name;     // as it is looked up: of an IDN, its ASCII form
  std::string service;  // empty: the name belongs to no service
  // The exception that keeps the name from a service; empty: none.
  std::string exception;
  std::string excepted_from;
  TableAnswer table;
  PathAnswer bus;
  LibcAnswer libc;
  PathAnswer as_typed;  // by libc, to programs that don't know IDNs; unset for other names
  std::vector<Inclusion> backends;
  bool reached = true;  // hlbd
};

// Asks hlbd; why it can't be reached becomes the trouble of the way over the bus.
std::vector<BackendReport> ask_hlbd(const Settings& settings, Resolution& resolution) {
  try {
    Client client(settings);
    try {
      resolution.bus.addresses = client.resolve(resolution.name);
      if (resolution.bus.addresses.empty()) resolution.bus.trouble = "no address";
    } catch (const Failure& failure) {
      if (failure.code == kUnreachable) throw;
      resolution.bus.trouble = failure.what();
    }
    if (resolution.table.asks_hlbd) resolution.service.clear();
    if (resolution.service.empty()) resolution.service = client.find_service(resolution.name);
    return backends_of(client, resolution.service);
  } catch (const Failure& failure) {
    resolution.reached = failure.code != kUnreachable;
    resolution.bus.trouble = failure.what();
    return {};
  }
}

// Finds the name's record, which is not valid if it belongs to no service, and what the table says
// of whose name it is.
record::View find_record(const table::View& table, Resolution& resolution) {
  if (!table.valid()) return {};
  const record::View record = table.find_or_exception(Name(resolution.name));
  if (!record.valid()) return record;
  if (!record.is_exception()) {
    resolution.service = record.name();
    return record;
  }
  const std::string_view exception = record.name();
  const std::size_t dot = std::min(exception.find('.'), exception.size() - 1);
  const record::View above = table.find(Name(exception.substr(dot + 1)));
  resolution.exception = exception;
  if (above.valid()) resolution.excepted_from = above.name();
  return {};
}

Resolution resolve(const Settings& settings, const std::string& typed) {
  Resolution resolution;
  resolution.typed = typed;
  resolution.name = text::idn_to_ascii(typed).value_or(typed);
  const std::string& name = resolution.name;
  const MappedTable table(settings.runtime_dir / bus::kTableFile);
  const record::View record = find_record(table.view(), resolution);
  resolution.table = ask_table(table, record);
  const std::vector<BackendReport> told = ask_hlbd(settings, resolution);
  resolution.libc = ask_libc(name, !resolution.service.empty() && !resolution.table.left_next);
  if (typed != name) resolution.as_typed = ask_libc(typed, false);
  if (!resolution.service.empty())
    resolution.backends = inclusions(record, told, wall_now(), resolution.table.vouched);
  return resolution;
}

std::string after_colon(const PathAnswer& answer) {
  return answer.trouble.empty() ? "" : ": " + answer.trouble;
}

// Says whose answer libc gives, as that isn't seen by the addresses.
std::string libc_remark(const Resolution& resolution) {
  return (resolution.libc.by_hlb ? "by hlb" : "not by hlb") + after_colon(resolution.libc);
}

std::string whose(const Resolution& resolution) {
  const auto& [name, service, exception] =
      std::tie(resolution.name, resolution.service, resolution.exception);
  if (!exception.empty()) {
    const std::string from =
        resolution.excepted_from.empty() ? "" : " from " + resolution.excepted_from;
    return fmt::format(" is no service of hlb's: it is {}the exception {}{}",
                       name == exception ? "" : "below ", exception, from);
  }
  if (service.empty()) return " is no service of hlb's";
  return name == service ? " is a service" : " is of the service " + service;
}

// The name, and in brackets its other form if it is an IDN: "bücher.example
// (xn--bcher-kva.example)".
Styled heading(const Resolution& resolution) {
  const std::string other = resolution.typed != resolution.name
                                ? resolution.name
                                : text::idn_to_unicode(resolution.name).value_or("");
  Styled line(printable(resolution.typed), Style::bold);
  if (!other.empty()) line.add(" (" + printable(other) + ")");
  return line.add(printable(whose(resolution)));
}

std::string to_text(const Resolution& resolution) {
  using enum Table::Align;
  const Terminal terminal = Terminal::of_standard_output();  // whose locale says what is printable
  Table table({left, left, left}, {"  WAY", "ADDRESSES", ""}, 1);
  table.add_line(heading(resolution));
  table.add_headings();
  const auto add = [&table](const char* way, const PathAnswer& answer, const std::string& remark) {
    const bool none = answer.addresses.empty();
    table.add_row({way, none ? "none" : fmt::format("{}", fmt::join(answer.addresses, " ")),
                   printable(remark)});
  };
  add("  table", resolution.table, resolution.table.trouble);
  add("  bus", resolution.bus, resolution.bus.trouble);
  add("  libc", resolution.libc, libc_remark(resolution));
  if (resolution.typed != resolution.name) {
    add("  typed", resolution.as_typed,
        "by libc, to programs that look it up as it is typed" + after_colon(resolution.as_typed));
  }

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

std::string to_json(const Resolution& resolution) {
  Json backends = Json::array();
  for (const Inclusion& inclusion : resolution.backends) {
    backends.push_back(
        {{"address", inclusion.address}, {"in", inclusion.is_in}, {"why", inclusion.why}});
  }
  Json libc = json_of(resolution.libc);
  libc["by_hlb"] = resolution.libc.by_hlb;
  const bool is_idn = resolution.typed != resolution.name;
  return write({{"name", resolution.typed},
                {"ascii", is_idn ? Json(resolution.name) : Json()},
                {"service", json_text(resolution.service)},
                {"exception", json_text(resolution.exception)},
                {"table", json_of(resolution.table)},
                {"bus", json_of(resolution.bus)},
                {"libc", std::move(libc)},
                {"typed", is_idn ? json_of(resolution.as_typed) : Json()},
                {"backends", std::move(backends)}},
               Terminal::of_standard_output().interactive);
}

// What is to be resolved, and the backends that are to be shown.
struct NameToResolve {
  std::string name;
  Targets targets;  // of its backends
};

bool is_hostname(const std::string& word) {
  return !has_wildcard(word) && !concerns_backends(word);
}

// A hostname is looked up as it is, whether hlbd is there or not; for all other words it takes hlbd
// to know which services they mean.
std::vector<NameToResolve> names_to_resolve(const Settings& settings,
                                            const std::vector<std::string>& words) {
  std::vector<NameToResolve> names;
  std::vector<std::string> others;
  for (const std::string& word : words) {
    if (is_hostname(word)) {
      names.push_back({word, {}});
    } else {
      others.push_back(word);
    }
  }
  if (others.empty()) return names;
  Client client(settings);
  const Targets targets = ask_targets(client, others, Purpose::read);
  for (const std::string& service : targets.services())
    names.push_back({service, targets});
  return names;
}

ExitCode show_answers(const Settings& settings, const NameToResolve& wanted, bool json) {
  Resolution resolution = resolve(settings, wanted.name);
  std::erase_if(resolution.backends, [&](const Inclusion& each) {
    return !wanted.targets.means(wanted.name, each.address);
  });
  put_out(json ? to_json(resolution) : to_text(resolution));
  if (!resolution.reached) return kUnreachable;
  return resolution.libc.by_hlb && !resolution.libc.addresses.empty() ? kOk : kTrouble;
}

int show_answers(const Settings& settings, const ResolveWishes& wishes) {
  refuse_urls(wishes.names);
  ExitCode worst = kOk;
  bool first = true;
  for (const NameToResolve& each : names_to_resolve(settings, wishes.names)) {
    if (!std::exchange(first, false) && !wishes.json) put_out("\n");
    worst = std::max(worst, show_answers(settings, each, wishes.json));
  }
  return worst;
}

}  // namespace

void add_resolve(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<ResolveWishes>();
  CLI::App* command =
      app.add_subcommand("resolve", "show what programs get for a name, by each way, and why");
  command
      ->add_option("TARGET", wishes->names, "a hostname, or what drain takes: SERVICE/ADDRESS, …")
      ->type_name("")
      ->required();
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
