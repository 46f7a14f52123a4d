#include "state/durable_file.h"

#include <system_error>

namespace hlb {

std::string DurableFile::save(std::string_view text) const {
  if (text.size() > kMost) return "it would be larger than 64 MiB";
  const auto saved = save_to_disk(path_, text);
  return saved ? "" : saved.error().message();
}

void DurableFile::put_aside() const {
  std::error_code ignored;
  std::filesystem::rename(path_, path_.string() + ".unusable", ignored);
}

}  // namespace hlb
