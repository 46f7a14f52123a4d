// Texts as gzip has them (RFC 1952).
#pragma once

#include "operators/web/site.h"

namespace hlb::web {

// Makes the compressed form of a text, in parts like the text's own.
AddPart gzipped(AddPart add_part);

}  // namespace hlb::web
