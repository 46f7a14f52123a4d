#include "system/troubles.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace hlb {

void Troubles::set(const std::string& part, const std::string& trouble,
                   spdlog::level::level_enum level) {
  if (!replace(part, trouble)) return;
  if (trouble.empty()) {
    spdlog::info("{}: in order again", part);
  } else {
    spdlog::log(level, "{}: {}", part, trouble);
  }
  on_change_();
}

void Troubles::show(const std::string& part, const std::string& trouble) {
  if (replace(part, trouble)) on_change_();
}

std::vector<std::string> Troubles::list() const {
  std::vector<std::string> list;
  list.reserve(troubles_.size());
  for (const auto& [part, trouble] : troubles_)
    list.push_back(fmt::format("{}: {}", part, trouble));
  return list;
}

bool Troubles::replace(const std::string& part, const std::string& trouble) {
  const auto found = troubles_.find(part);
  if ((found == troubles_.end() ? "" : found->second) == trouble) return false;
  if (trouble.empty()) {
    troubles_.erase(found);
  } else {
    troubles_[part] = trouble;
  }
  return true;
}

}  // namespace hlb
