// hlbctl register and deregister: put a backend of this host into the fleet's catalog, and take it
// out, as [[register]] does.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/registration.h"
#include "ctl/commands.h"
#include "ctl/fleet/desk.h"
#include "ctl/output.h"
#include "ctl/terminal/text.h"
#include "system/host.h"

namespace hlb::ctl {
namespace {

struct RegisterWishes {
  EtcdIdentity identity;
  std::string service;
  std::string address;
  std::uint16_t port = 0;
  std::uint32_t weight = 1;
  std::uint16_t priority = 0;
  std::string forget_after;
};

// The wishes as [[register]] has them, so that they are taken, or refused, as they are there.
config::Value table_of(const RegisterWishes& wishes) {
  config::Value::Table table;
  const auto add = [&table](const char* key, auto value) {
    table.push_back({key, {}, {{}, std::move(value)}});
  };
  add("service", wishes.service);
  add("address", wishes.address);
  if (wishes.port != 0) add("port", std::int64_t{wishes.port});
  add("weight", std::int64_t{wishes.weight});
  add("priority", std::int64_t{wishes.priority});
  if (!wishes.forget_after.empty()) add("forget_after", wishes.forget_after);
  return {{}, config::Value::Array{{{}, std::move(table)}}};
}

// What `fleet` allows counts for what is to be put in: what was let in once can be taken out.
Registration registration_of(const RegisterWishes& wishes, const FleetConfig& fleet, bool there) {
  config::Faults faults("");
  const auto read = config::read_registrations(table_of(wishes), faults);
  ConfigErrors errors = faults.take();
  if (errors.empty() && there) errors = config::faults_beside(&fleet, {}, read);
  if (!errors.empty()) throw Failure(kTrouble, printable(errors.front().message));
  return read.front().registration;
}

// What stands at this very key; without a value if nothing does.
fleet::Change look_at(EngineDesk& desk, const std::string& key) {
  const fleet::Listing listing = desk.list(key);
  const auto found = std::ranges::find(listing.keys, key, &fleet::Change::key);
  return found == listing.keys.end() ? fleet::Change{key, std::nullopt, 0} : *found;
}

// Throws a Failure if it is somebody else's.
void demand_own(const fleet::Change& stands, const std::string& host) {
  if (!stands.value || fleet::is_registered_by(*stands.value, host)) return;
  throw Failure(kTrouble, "somebody else has written " + printable(stands.key) +
                              ", and it stays as it is: see etcdctl get on it");
}

int change(const Settings& settings, const RegisterWishes& wishes, bool there) {
  EngineDesk desk(settings, wishes.identity);
  const Registration registration = registration_of(wishes, desk.config(), there);
  const std::string host = host_name();
  const std::string key = desk.keys().backend(registration.service, registration.address);
  const std::string name = registration.service + "/" + registration.address.to_string();
  const fleet::Change stands = look_at(desk, key);
  demand_own(stands, host);
  if (!there && !stands.value) throw Failure(kTrouble, name + " isn't registered");
  std::optional<std::string> value;
  if (there) value = fleet::write_backend(fleet::registered(registration, host));
  // Tried again after a member that made the change and didn't say so, it finds its own.
  const bool done =
      desk.write({.only_if = {{key, stands.revision}}, .writes = {{key, value, 0}}}) ||
      look_at(desk, key).value == value;
  if (!done) throw Failure(kTrouble, name + " was changed by somebody else just now: try again");
  put_out(fmt::format("{}: {}\n", name, there ? "registered" : "registered no more"));
  return kOk;
}

CLI::App* add(CLI::App& app, const Settings& settings, Run& run,
              const std::shared_ptr<RegisterWishes>& wishes, const char* name, const char* help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("SERVICE", wishes->service, "a service of the fleet's")
      ->type_name("")
      ->required();
  command
      ->add_option("ADDRESS", wishes->address, "of this host, which the service has as a backend")
      ->type_name("")
      ->required();
  add_identity(*command, wishes->identity);
  const bool there = std::string_view(name) == "register";
  command->callback([wishes, there, &settings, &run] {
    run = [wishes, there, &settings] { return change(settings, *wishes, there); };
  });
  return command;
}

}  // namespace

void add_register(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<RegisterWishes>();
  CLI::App* command = add(app, settings, run, wishes, "register",
                          "put a backend of this host into the fleet's catalog");
  command->add_option("--port", wishes->port, "of its checks; unless set, that of the service's")
      ->type_name("PORT");
  command->add_option("--weight", wishes->weight, "0 to 65535, 1 unless set")
      ->type_name("WEIGHT")
      ->check(CLI::Range(kMaxWeight));
  command->add_option("--priority", wishes->priority, "lower is preferred; 0 unless set")
      ->type_name("PRIORITY");
  command
      ->add_option("--forget-after", wishes->forget_after,
                   "others may take it out once it was down for so long; never unless set")
      ->type_name("DURATION");
  command->footer("Example:\n  hlbctl register app.internal 10.0.0.7 --port 8080");
}

void add_deregister(CLI::App& app, const Settings& settings, Run& run) {
  auto wishes = std::make_shared<RegisterWishes>();
  add(app, settings, run, wishes, "deregister",
      "take a backend of this host out of the fleet's catalog")
      ->footer("Example:\n  hlbctl deregister app.internal 10.0.0.7");
}

}  // namespace hlb::ctl
