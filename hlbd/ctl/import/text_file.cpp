#include "ctl/import/text_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace hlb::ctl {

namespace {

constexpr std::size_t kMaxSize = std::size_t{64} << 20U;
constexpr std::string_view kWhite = " \t\n\v\f\r";

struct Closer {
  void operator()(std::FILE* stream) const { std::fclose(stream); }
};

tl::unexpected<Unusable> system_fault() {
  return tl::unexpected(Unusable{"cannot be read: " + std::generic_category().message(errno)});
}

}  // namespace

tl::expected<std::string, Unusable> read_text(const std::filesystem::path& file) {
  const std::unique_ptr<std::FILE, Closer> stream(std::fopen(file.c_str(), "re"));
  if (!stream) return system_fault();
  std::string text;
  std::array<char, 1U << 16U> part{};
  while (const std::size_t got = std::fread(part.data(), 1, part.size(), stream.get())) {
    text.append(part.data(), got);
    if (text.size() > kMaxSize) return tl::unexpected(Unusable{"is larger than 64 MiB; split it"});
  }
  if (std::ferror(stream.get()) != 0) return system_fault();
  return text;
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
