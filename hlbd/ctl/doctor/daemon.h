// Whether hlbd is there, and stands by the table that it publishes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// hlbd's presence on the bus, by its name org.hlb1.
struct OnBus {
  enum class Presence : std::uint8_t {
    no_bus,   // it can't be reached; `trouble` says why
    absent,   // nobody owns the name
    silent,   // somebody owns it, and doesn't answer
    present,  // it answers
  };

  Presence presence = Presence::no_bus;
  std::string trouble;
  std::string version;  // of hlbd; empty when it doesn't say
  std::string config_file{};
  pid_t pid = 0;                        // 0: the bus doesn't say
  std::vector<std::string> troubles{};  // of hlbd itself, a line each
};

// Asks the bus, for two seconds at most.
OnBus ask_bus(Settings::Bus bus);

// hlbd, its table, its socket and its version, in one judgement. Where it isn't running, its
// configuration `file` may be why.
Findings check_daemon(const Host& machine, const Published& table, const OnBus& bus,
                      const std::filesystem::path& file);

}  // namespace hlb::ctl::doctor
