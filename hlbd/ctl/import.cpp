// hlbctl import: turns what dnsmasq or /etc/hosts answer names with into services. Prints them, and
// changes nothing.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "config/draft.h"
#include "ctl/commands.h"
#include "ctl/import/check.h"
#include "ctl/import/dnsmasq_start.h"
#include "ctl/import/formats.h"
#include "ctl/import/guess.h"
#include "ctl/import/services.h"
#include "ctl/import/verify.h"
#include "ctl/output.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

constexpr char kTakeOut[] =
    "Take the names out of /etc/hosts, or programs get them from there as before.";

using Files = std::vector<std::filesystem::path>;

// What an import is asked for, and how it reads its files.
struct Import {
  // Gives the dnsmasq that is asked to verify the import, if it is of dnsmasq's files.
  tl::expected<Dnsmasq, std::string> (*read)(const Files& files, Entries& entries) = nullptr;
  std::string hint;  // what else there is to do, for the top of the services
  Files files;
  Selection selection;
  std::string check;    // empty: none is chosen
  bool verify = false;  // compares, and prints no services
};

int complain(const std::string& message) {
  std::fprintf(stderr, "hlbctl: %s\n", message.c_str());
  return kTrouble;
}

// A validator of CLI11's: says what is wrong, or nothing.
std::string check_fault(const std::string& text) {
  const auto parsed = parse_check(text);
  return parsed ? "" : parsed.error();
}

void choose_checks(std::vector<ImportedService>& services, const std::string& chosen) {
  if (!chosen.empty()) {
    for (ImportedService& service : services)
      service.check = parse_check(chosen).value();
    return;
  }
  const std::vector<Endpoint> listeners = listeners_here();
  for (ImportedService& service : services)
    service.check = guess_check(service.backends, listeners);
  // Standard output isn't asked about, as the services may go to a file.
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    ask_checks(services, std::cin, std::cerr);
  }
}

// The faults that hlbd would find in the services.
ConfigErrors faults_of(const std::string& text) {
  config::Draft draft;
  draft.add_text("import", text, config::FileRole::services);
  const auto config = draft.finish("import");
  return config ? ConfigErrors() : config.error();
}

int print(const std::string& text) {
  if (const ConfigErrors faults = faults_of(text); !faults.empty()) {
    return complain("hlbd wouldn't take the services; please report this: " +
                    faults.front().to_string());
  }
  if (text.size() > kMaxConfigFile) {
    complain("these are more than 1 MiB, the most that hlbd reads of one file; split them");
  }
  put_out(text);
  return kOk;
}

// Exits with 2 if any name differs, as scripts tell that from what went wrong.
int print_verification(const Dnsmasq& dnsmasq, const Entries& entries, const Imported& imported,
                       bool all) {
  constexpr int kDiffers = 2;
  const auto verification = verify(dnsmasq, entries, imported, all);
  if (!verification) return complain(verification.error());
  std::string text;
  for (const std::string& line : verification->differ)
    text += line + "\n";
  text += text::counted(verification->names, "name") + " asked of hlb and of dnsmasq, " +
          verification->server + ": " + std::to_string(verification->differ.size()) + " differ\n";
  put_out(text);
  return verification->differ.empty() ? kOk : kDiffers;
}

bool is_of_etc_hosts(const ImportedService& service) {
  return std::ranges::find(service.places, "/etc/hosts", &Place::file) != service.places.end();
}

int run_import(const Import& import) {
  Entries entries;
  const auto source = import.read(import.files, entries);
  if (!source) return complain(source.error());
  Imported imported = make_services(entries, import.selection);
  for (const std::string& line : to_lines(imported.notes))
    std::fprintf(stderr, "%s\n", line.c_str());
  if (!imported.missing.empty()) {
    return complain("there is no " + imported.missing.front() + " that can be a service");
  }
  if (imported.services.empty()) return complain("there is nothing to import");
  if (import.verify) {
    return print_verification(*source, entries, imported, import.selection.names.empty());
  }
  choose_checks(imported.services, import.check);
  std::vector<std::string> remarks = {
      "Put this into services.d/ beside hlbd.toml, then: hlbctl check-config", import.hint};
  if (import.hint != kTakeOut && std::ranges::any_of(imported.services, is_of_etc_hosts)) {
    remarks.emplace_back(kTakeOut);
  }
  return print(to_toml(imported.services, remarks));
}

tl::expected<Dnsmasq, std::string> read_etc_hosts(const Files& files, Entries& entries) {
  const auto read = read_hosts_files(files, {.own_name = own_host_name()}, entries);
  if (!read) return tl::unexpected(read.error());
  return {};
}

tl::expected<Dnsmasq, std::string> read_dnsmasq_of(const Files& files, Entries& entries) {
  const auto start =
      files.empty() ? dnsmasq_of_host() : DnsmasqStart{.options = {}, .files = files};
  if (!start) return tl::unexpected(start.error());
  auto settings = read_dnsmasq_files(*start, entries);
  if (!settings) return tl::unexpected(settings.error());
  return Dnsmasq{.settings = *std::move(settings), .is_running = start->is_running};
}

CLI::App* add_format(CLI::App& app, const std::string& name, const std::string& description,
                     const std::shared_ptr<Import>& import, Run& run) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--check", import->check, "how to check all of them, as in http:8082/health")
      ->type_name("TYPE[:PORT[/PATH]]")
      ->check(CLI::Validator(check_fault, ""));
  command->add_option("--name", import->selection.names, "import this name alone; may be repeated")
      ->type_name("HOSTNAME")
      ->expected(1)
      ->take_all();
  command->callback([import, &run] { run = [import] { return run_import(*import); }; });
  return command;
}

}  // namespace

void add_import(CLI::App& app, const Settings& /*settings*/, Run& run) {
  CLI::App* import = app.add_subcommand("import", "print services made from other files");
  import->require_subcommand(1);

  auto dnsmasq = std::make_shared<Import>();
  dnsmasq->read = read_dnsmasq_of;
  dnsmasq->hint =
      "Programs get them once hlb stands before dns on the hosts line of nsswitch.conf.";
  CLI::App* from_dnsmasq = add_format(
      *import, "dnsmasq", "from address=, host-record= and cname= of dnsmasq", dnsmasq, run);
  from_dnsmasq
      ->add_option("FILE", dnsmasq->files,
                   "dnsmasq's configuration, or a folder of it; without, what this host's reads")
      ->type_name("");
  from_dnsmasq->add_flag("--verify", dnsmasq->verify,
                         "ask dnsmasq for every name instead, and print what would differ");
  from_dnsmasq->footer(
      "Examples:\n"
      "  hlbctl import dnsmasq\n"
      "  hlbctl import dnsmasq --verify\n"
      "  hlbctl import dnsmasq --check http:8082/health --name app.local /etc/dnsmasq.d/*.conf");

  auto hosts = std::make_shared<Import>();
  hosts->read = read_etc_hosts;
  hosts->hint = kTakeOut;
  hosts->files = {"/etc/hosts"};
  hosts->selection.lone = false;
  CLI::App* from_hosts =
      add_format(*import, "hosts", "from names with several addresses in /etc/hosts", hosts, run);
  from_hosts->add_flag("--all", hosts->selection.lone, "names with one address too");
  from_hosts->add_option("FILE", hosts->files, "in the form of hosts(5)")
      ->type_name("")
      ->capture_default_str();
  from_hosts->footer(
      "Examples:\n"
      "  hlbctl import hosts\n"
      "  hlbctl import hosts --check tcp:6379 --name cache.local");
}

}  // namespace hlb::ctl
