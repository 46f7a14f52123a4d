// Which backends of a service are answered, and why the others aren't.
#pragma once

#include <string>
#include <vector>

#include "libnss_hlb/record.h"
#include "operators/report.h"

namespace hlb::ctl {

struct Inclusion {
  std::string address;
  bool is_in = false;  // a lookup may give it
  std::string why;
};

// Of the backends in `record`, which is what lookups use, and of those that hlbd alone has told of.
// `told` is empty where hlbd wasn't reached; `record` isn't valid where there is no table, and what
// is in is then what hlbd says.
std::vector<Inclusion> inclusions(const record::View& record,
                                  const std::vector<BackendReport>& told, WallTime now);

}  // namespace hlb::ctl
