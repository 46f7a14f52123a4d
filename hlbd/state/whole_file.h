// Small files that hlbd reads and writes as a whole.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "publish/file_descriptor.h"
#include "state/unusable.h"

namespace hlb {

// The text of a file of at most `most` bytes; nullopt where there is none. Neither a link nor a
// FIFO leads elsewhere, or makes hlbd wait.
std::variant<std::optional<std::string>, Unusable> read_whole(const std::filesystem::path& path,
                                                              off_t most);

// False, and errno says why, when it couldn't.
bool write_all(const publish::FileDescriptor& file, std::string_view text);

// A file that is to take the place of `path`, beside it; its folder is created. Not valid, and
// errno says why, when it can't be made.
publish::FileDescriptor open_draft(const std::filesystem::path& draft);

}  // namespace hlb
