#include "ctl/doctor/examine.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ctl/doctor/connections.h"
#include "ctl/doctor/daemon.h"
#include "ctl/doctor/fleet.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/inside.h"
#include "ctl/doctor/module.h"
#include "ctl/doctor/obstacles.h"
#include "ctl/doctor/order.h"
#include "ctl/doctor/program.h"
#include "ctl/doctor/published.h"
#include "libnss_hlb/bus.h"

namespace hlb::ctl::doctor {
namespace {

// Looks at all that every program's lookups depend on.
Findings check_machine(const Host& machine, const Settings& settings, const SourceOrder& order,
                       const tl::expected<Module, LoadFailure>& module, const Published& table) {
  constexpr char kUnreadable[] = "Programs of other users can't use it.";
  Findings findings = order.findings();
  append(findings, check_open_to_all(machine, kNsswitchFile, kUnreadable));
  append(findings, check_module(machine, module, table));
  const OnBus bus = ask_bus(settings.bus);
  append(findings, check_daemon(machine, table, bus, settings.config));
  append(findings, check_open_to_all(machine, table.path(), kUnreadable));
  append(findings,
         check_open_to_all(machine, settings.runtime_dir / bus::kPeerSocket, kUnreadable));
  append(findings, check_nscd(machine));
  append(findings, check_apparmor(machine));
  append(findings, check_connections(machine, settings.runtime_dir, bus));
  append(findings, check_fleet(settings, bus));
  return findings;
}

// What the program sees as its root folder.
Host root_of(const Host& machine, const std::optional<ExaminedProgram>& program) {
  if (!program || !program->process) return machine;
  return Host(machine.at(program->process->folder() / "root"));
}

// Looks at /etc/hosts of a process's root folder, if it isn't this machine's.
Findings check_other_hosts_file(const Host& machine, const std::optional<ExaminedProgram>& program,
                                const NamesToCheck& names, const Published& table) {
  const Host root = root_of(machine, program);
  constexpr char kHosts[] = "/etc/hosts";
  if (root.is_ours() || same_file(root.status(kHosts), machine.status(kHosts))) return {};
  Findings findings = check_hosts_file(root, names, table, SourceOrder(root));
  for (Finding& finding : findings) {
    finding.what =
        fmt::format("in the root folder of process {}: {}", program->process->pid, finding.what);
  }
  return findings;
}

// Keeps one finding of a folder that lies on the way to several files.
void drop_repeated(Findings& findings) {
  Findings kept;
  for (Finding& finding : findings) {
    const bool known = std::ranges::any_of(kept, [&finding](const Finding& each) {
      return each.about == finding.about && each.what == finding.what;
    });
    if (!known) kept.push_back(std::move(finding));
  }
  findings = std::move(kept);
}

}  // namespace

bool Examination::has_faults() const {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.severity == Finding::Severity::fault;
  });
}

tl::expected<Examination, std::string> examine(const Settings& settings,
                                               const std::vector<std::string>& names,
                                               const std::string& program) {
  const Host machine;
  std::optional<ExaminedProgram> examined;
  if (!program.empty()) {
    auto found = find_program(machine, program);
    if (!found) return tl::unexpected(std::move(found).error());
    examined = *std::move(found);
  }
  const SourceOrder order(machine);
  const auto module = load_module();
  const Published table(machine, settings.runtime_dir);

  Examination result;
  result.names = {names.empty() ? table.names() : names, !names.empty()};
  result.findings = check_machine(machine, settings, order, module, table);
  append(result.findings, check_services(result.names, table));
  append(result.findings, check_hosts_file(machine, result.names, table, order));
  append(result.findings, check_other_hosts_file(machine, examined, result.names, table));
  append(result.findings, check_dns(result.names, table, order));
  append(result.findings, check_search(root_of(machine, examined), result.names, table));
  if (examined) {
    result.program = examined->name;
    append(result.findings, check_resolver(machine, *examined));
    append(result.findings, check_runtime(machine, *examined));
    append(result.findings, check_habits(machine, *examined));
    if (examined->process) {
      append(result.findings, check_process(machine, *examined->process,
                                            module.value_or(Module()).file, settings.runtime_dir));
      append(result.findings, check_inside(machine, *examined, result.names.names, table));
    }
  }
  drop_repeated(result.findings);
  if (!result.has_faults())
    append(result.findings, check_lookups(machine, result.names.names, table));
  return result;
}

}  // namespace hlb::ctl::doctor
