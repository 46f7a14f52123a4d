// What a client takes, by the headers Accept and Accept-Encoding (RFC 9110, 12.5). Pure.
#pragma once

#include <string_view>

namespace hlb::web {

// Whether the metrics are wanted in OpenMetrics rather than in the older text format: it is named,
// and wanted no less than that.
bool prefers_open_metrics(std::string_view accept);

bool takes_gzip(std::string_view accept_encoding);

}  // namespace hlb::web
