#include "ctl/import/text_file.h"

#include <fcntl.h>

#include <utility>

#include "system/last_error.h"

namespace hlb::ctl {

namespace {

constexpr std::size_t kMaxSize = std::size_t{64} << 20U;
constexpr std::string_view kWhite = " \t\n\v\f\r";

}  // namespace

tl::expected<std::string, Unusable> read_text(const std::filesystem::path& file) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  auto text = opened.valid() ? read_up_to(opened, kMaxSize + 1) : tl::unexpected(last_error());
  if (!text) return tl::unexpected(Unusable{"cannot be read: " + text.error().message()});
  if (text->size() > kMaxSize) return tl::unexpected(Unusable{"is larger than 64 MiB; split it"});
  return std::move(*text);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

}  // namespace hlb::ctl
