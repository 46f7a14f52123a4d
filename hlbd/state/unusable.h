// A file, or its text, that can't be used.
#pragma once

#include <string>

namespace hlb {

struct Unusable {
  std::string reason;  // to stand behind the file's name: "is 4711 s old, over 60 s"
};

}  // namespace hlb
