// Small files, which are read and written as a whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>

#include "system/file_descriptor.h"

namespace hlb {

// Why a file, or its text, can't be used.
struct Unusable {
  std::string reason;  // to stand after the file's name: "is 4711 s old, over 60 s"
};

// What is left to read of anything that is open: all of it, or the first `most` bytes.
tl::expected<std::string, std::error_code> read_up_to(const FileDescriptor& file, std::size_t most);

// The text of a regular file of at most `most` bytes, opened with these flags as well. A larger
// file is an error (file_too_large), and so is a directory (is_a_directory) or anything else
// (not_a_stream, which no file gives by itself): no FIFO makes hlbd wait.
tl::expected<std::string, std::error_code> read_whole(const std::filesystem::path& path,
                                                      std::size_t most, int flags = 0);

// The same of a file that hlbd itself has written, where no link is followed; nullopt where there
// is none.
tl::expected<std::optional<std::string>, Unusable> read_own(const std::filesystem::path& path,
                                                            std::size_t most);

// What `decode` makes of the text of a file, as read_own() reads it: an expected thing, or
// Unusable. The thing's default where there is no file. A fault begins with the file's name.
template <typename Decode>
auto load_whole(const std::filesystem::path& path, std::size_t most, const Decode& decode)
    -> decltype(decode(std::string_view())) {
  using Loaded = decltype(decode(std::string_view()));
  const auto text = read_own(path, most);
  Loaded loaded;
  if (!text) {
    loaded = tl::unexpected(text.error());
  } else if (*text) {
    loaded = decode(std::string_view(**text));
  }
  if (!loaded) loaded.error().reason.insert(0, path.string() + " ");
  return loaded;
}

// Makes the file at `path` say this, as a whole or not at all; its folder is created. Only its
// owner may read it. Gives what was written, still open; or why it couldn't, and then the file is
// as it was.
tl::expected<FileDescriptor, std::error_code> replace_whole(const std::filesystem::path& path,
                                                            std::string_view text);

// As replace_whole(), but returns only once the text is on the disk (fsync(2)), which may take
// long.
tl::expected<FileDescriptor, std::error_code> save_to_disk(const std::filesystem::path& path,
                                                           std::string_view text);

}  // namespace hlb
