// hlbd's table, read whole, as it lies in the runtime folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ctl/doctor/host.h"
#include "libnss_hlb/table.h"

namespace hlb::ctl::doctor {

class Published {
 public:
  // Reads it, and the clock with it: how fresh it is doesn't change while it is looked at.
  Published(const Host& machine, const std::filesystem::path& runtime_dir);
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int error() const { return error_; }  // the errno of reading it; 0: it was read

  // The major version; nullopt when the file is no table at all.
  std::optional<std::uint16_t> version() const;

  // The table; not valid when it is missing, or when this program can't read it.
  const table::View& view() const { return view_; }

  // How far its answers could be trusted when it was read.
  table::Freshness freshness() const { return freshness_; }
  // The end of the lease, by CLOCK_BOOTTIME, which hlbd puts off several times a second.
  std::uint64_t lease_until() const { return lease_until_; }
  // For how long programs still take its answers if nobody renews it.
  std::chrono::milliseconds lasts_for() const;
  // Whether the lease ends too far ahead to be this machine's clock's, as in a time namespace.
  bool lease_is_implausible() const { return lease_is_implausible_; }

  // The names of all services, aliases included, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
  int error_ = 0;
  std::string bytes_;
  table::View view_;
  std::uint64_t read_at_ = 0;  // by CLOCK_BOOTTIME
  std::uint64_t lease_until_ = 0;
  table::Freshness freshness_ = table::Freshness::expired;
  bool lease_is_implausible_ = false;
};

}  // namespace hlb::ctl::doctor
