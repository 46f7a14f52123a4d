// Tells which backends of a service are answered, and why the others aren't.
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

// Judges the backends in `record`, which lookups use, and those that hlbd alone has told of. `told`
// is empty if hlbd wasn't reached. `record` isn't valid if there is no table; then hlbd's word
// counts. Without `vouched` the record's word on who is up counts no more, as after max_stale.
std::vector<Inclusion> inclusions(const record::View& record,
                                  const std::vector<BackendReport>& told, WallTime now,
                                  bool vouched = true);

}  // namespace hlb::ctl
