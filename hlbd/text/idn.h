// Internationalized hostnames (IDNA 2008): "bücher.example" is looked up as
// "xn--bcher-kva.example". Pure; idn.cpp alone knows the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hlb::text {

// The ASCII form in which a name given in UTF-8 is looked up. nullopt if it is ASCII already, or if
// no hostname is written so.
std::optional<std::string> idn_to_ascii(std::string_view name);

// The name as people write it, if it has a label in the form "xn--…"; else nullopt.
std::optional<std::string> idn_to_unicode(const std::string& name);

}  // namespace hlb::text
