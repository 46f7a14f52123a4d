// Where the files of hlbd's runtime folder stand.
#pragma once

#include <sys/un.h>

#include <string_view>

namespace hlb {

// The path of `file` in /run/hlb, or in $HLB_RUNTIME_DIR, which tests set; setuid programs don't
// see it (secure_getenv(3)). No longer than a socket's path can be: then `fits()` is false.
class RuntimeFile {
 public:
  explicit RuntimeFile(std::string_view file);

  bool fits() const { return path_[0] != '\0'; }
  const char* c_str() const { return path_; }

 private:
  char path_[sizeof(sockaddr_un::sun_path)];
};

}  // namespace hlb
