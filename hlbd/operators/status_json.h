// The status of hlbd as JSON: in the form that is described in hlbctl(1), and stable. Keys stand in
// the order in which they are described there.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "operators/report.h"

namespace hlb {

using Json = nlohmann::ordered_json;
using NameOfUser = std::function<std::string(std::uint32_t user_id)>;

// A moment, as seconds since 1970; null for the zero time.
Json json_time(WallTime at);

// The text; null for an empty one.
Json json_text(const std::string& text);

Json json_of(const BackendReport& backend, const NameOfUser& name_of_user);
// All but the last of its keys, "backends".
Json json_of(const ServiceReport& service);
Json json_of_daemon(const std::string& version, const std::string& config_file, WallTime started,
                    const std::vector<std::string>& degraded);

// The text on one line, or, for people to `read`, spread over several. Bytes that aren't UTF-8 are
// replaced, as nothing that a backend says may make hlb fail.
std::string text_of(const Json& json, bool read = false);

}  // namespace hlb
