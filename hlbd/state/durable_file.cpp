#include "state/durable_file.h"

#include <system_error>

namespace hlb {

std::string DurableFile::save(std::string_view text) const {
  if (text.size() > kMost) return "it would be larger than 64 MiB";
  const auto saved = save_to_disk(path_, text);
  return saved ? "" : saved.error().message();
}

std::string DurableFile::in_words(const std::string& trouble) const {
  return trouble.empty() ? "" : "can't be kept in " + path_.string() + ": " + trouble;
}

std::string DurableFile::put_aside() const {
  const std::filesystem::path name = path_.filename().string() + ".unusable";
  std::error_code error;
  std::filesystem::rename(path_, path_.parent_path() / name, error);
  return error ? "it can't be put aside: " + error.message()
               : "the file is kept as " + name.string();
}

}  // namespace hlb
