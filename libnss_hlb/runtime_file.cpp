#include "libnss_hlb/runtime_file.h"

#include <cstdlib>
#include <cstring>

#include "libnss_hlb/bus.h"

namespace hlb {

RuntimeFile::RuntimeFile(std::string_view file) {
  const char* override_folder = secure_getenv("HLB_RUNTIME_DIR");
  const std::string_view folder =
      override_folder != nullptr ? override_folder : bus::kRuntimeFolder;
  path_[0] = '\0';
  if (folder.size() + 1 + file.size() >= sizeof path_) return;
  std::memcpy(path_ + folder.size() + 1, file.data(), file.size());
  path_[folder.size() + 1 + file.size()] = '\0';
  path_[folder.size()] = '/';
  std::memcpy(path_, folder.data(), folder.size());
}

}  // namespace hlb
