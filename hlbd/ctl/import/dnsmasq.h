// What dnsmasq answers names with, by its configuration: address=, host-record= and cname=.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/import/entries.h"

namespace hlb::ctl {

// Another configuration that one asks for.
struct Include {
  enum class Kind : std::uint8_t { file, folder };

  Kind kind;
  std::string argument;  // a path; behind that of a folder, which files: "/etc/dnsmasq.d,*.conf"
  Place place;
};

// Finds what the text of `file` says, which may be any bytes, and notes what can't be a service.
// Options that are about something else are passed over. Returns what it asks for.
std::vector<Include> read_dnsmasq(std::string_view text, const std::string& file, Entries& entries);

// Reads the files, then those that they ask for with conf-file= and conf-dir=, each once. Returns
// why one of `files` can't be read, as "file: reason"; of the others that is noted.
std::optional<std::string> read_dnsmasq_files(const std::vector<std::filesystem::path>& files,
                                              Entries& entries);

}  // namespace hlb::ctl
