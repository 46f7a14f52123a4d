// How the page looks: dark and light, from a phone's screen to a wall's, and on paper.
#pragma once

#include <string_view>

namespace hlb::page {

extern const std::string_view kStyle;
extern const std::string_view kStyleHash;  // as Content-Security-Policy names it

}  // namespace hlb::page
