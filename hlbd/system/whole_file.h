// Small files that hlbd reads and writes as a whole.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "system/file_descriptor.h"

namespace hlb {

// Why a file, or its text, can't be used.
struct Unusable {
  std::string reason;  // to stand after the file's name: "is 4711 s old, over 60 s"
};

// The text of a file of at most `most` bytes; nullopt where there is none. Neither a link nor a
// FIFO leads elsewhere, or makes hlbd wait.
std::variant<std::optional<std::string>, Unusable> read_whole(const std::filesystem::path& path,
                                                              off_t most);

// What `decode` makes of the text of a file, as read_whole() reads it: a variant of a thing and
// Unusable. The thing's default where there is no file. A fault begins with the file's name.
template <typename Decode>
auto load_whole(const std::filesystem::path& path, off_t most, Decode decode)
    -> decltype(decode(std::string_view())) {
  const auto named = [&path](const Unusable& fault) {
    return Unusable{path.string() + " " + fault.reason};
  };
  const auto read = read_whole(path, most);
  if (const auto* fault = std::get_if<Unusable>(&read)) return named(*fault);
  const auto& text = std::get<std::optional<std::string>>(read);
  if (!text) return {};
  auto decoded = decode(std::string_view(*text));
  if (const auto* fault = std::get_if<Unusable>(&decoded)) return named(*fault);
  return decoded;
}

// False, and errno says why, when it couldn't.
bool write_all(const FileDescriptor& file, std::string_view text);

// Makes the file at `path` say this, before it returns and through to the disk, which may take its
// time. Returns why it couldn't, and then the file is as it was; empty if it could.
std::string save_to_disk(const std::filesystem::path& path, std::string_view text);

// A file that is to take the place of `path`, beside it; its folder is created. Not valid, and
// errno says why, when it can't be made.
FileDescriptor open_draft(const std::filesystem::path& draft);

}  // namespace hlb
