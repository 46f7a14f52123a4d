// What the tests of the configuration share: parsing from memory.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "config/draft.h"

namespace hlb {

using LoadResult = tl::expected<Config, ConfigErrors>;

// `services`, unless empty, is the text of services.d/a.toml.
inline LoadResult parse_config(std::string_view main, std::string_view services = "") {
  config::Draft draft;
  draft.add_text("hlbd.toml", main, config::FileRole::main);
  if (!services.empty()) draft.add_text("services.d/a.toml", services, config::FileRole::services);
  return draft.finish("hlbd.toml");
}

inline std::vector<std::string> faults_of(const LoadResult& result) {
  std::vector<std::string> lines;
  if (result) return lines;
  for (const ConfigError& error : result.error())
    lines.push_back(error.to_string());
  return lines;
}

}  // namespace hlb
