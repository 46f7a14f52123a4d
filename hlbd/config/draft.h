// A configuration while its files are read one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "config/hostname.h"
#include "config/registration.h"

namespace hlb::config {

enum class FileRole : std::uint8_t {
  main,      // hlbd.toml: may hold everything
  services,  // a file of services.d: may hold [[service]] and [[register]] only
};

class Draft {
 public:
  // Takes in the text of a file, which may be any bytes. `file` names it in messages.
  void add_text(const std::string& file, std::string_view text, FileRole role);

  // Notes a fault of a file as a whole, which then has no text.
  void add_fault(const std::string& file, std::string message);

  // Notes what is odd of a file, or a folder, and no fault.
  void add_warning(const std::string& file, std::string message);

  // The whole configuration, or the faults of all files and the warnings. A configuration with
  // neither a service nor a fleet is a fault, which names the main file. Ends the draft.
  tl::expected<Config, ConfigErrors> finish(const std::string& main_file);

 private:
  void read_root(const Value& root, FileRole role, Faults& faults);
  void read_services(const Value& value, Faults& faults);

  Config config_;
  ConfigErrors errors_;
  ConfigErrors warnings_;
  std::vector<PlacedRegistration> registrations_;
  ClaimedNames names_;
};

}  // namespace hlb::config
