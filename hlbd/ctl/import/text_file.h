// The text of a file that was written for another program.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "system/whole_file.h"

namespace hlb::ctl {

// All of it, if that is 64 MiB at most: lists of a million names are in use. A pipe will do, too.
tl::expected<std::string, Unusable> read_text(const std::filesystem::path& file);

// Without their ends, LF or CR LF. Views into `text`; nothing behind a last line end counts as one.
std::vector<std::string_view> lines_of(std::string_view text);

// Without the white space at both ends, as isspace(3) has it.
std::string_view trimmed(std::string_view text);

}  // namespace hlb::ctl
