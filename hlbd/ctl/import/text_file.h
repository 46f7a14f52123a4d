// The text of a file that was written for another program.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "system/whole_file.h"

namespace hlb::ctl {

// The whole text, or why it can't be had: "cannot be read: No such file or directory". A file of
// more than 64 MiB is refused; lists of a million names are in use. A pipe will do, too.
tl::expected<std::string, Unusable> read_text(const std::filesystem::path& file);

// The lines without their ends, LF or CR LF, as views into `text`. Nothing after the last line end
// counts as no line.
std::vector<std::string_view> lines_of(std::string_view text);

// The text without the white space, as isspace(3) has it, at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace hlb::ctl
