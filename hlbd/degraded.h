// What keeps hlbd from working as it should: shown to operators for as long as it lasts.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hlb {

class Degraded {
 public:
  // Called when the reasons have changed.
  explicit Degraded(std::function<void()> on_change) : on_change_(std::move(on_change)) {}

  // `part` of hlbd has this trouble; an empty one: none any more.
  void set(const std::string& part, const std::string& trouble) {
    const auto found = reasons_.find(part);
    if ((found == reasons_.end() ? "" : found->second) == trouble) return;
    if (trouble.empty()) {
      reasons_.erase(found);
    } else {
      reasons_[part] = trouble;
    }
    on_change_();
  }

  std::vector<std::string> reasons() const {
    std::vector<std::string> reasons;
    reasons.reserve(reasons_.size());
    for (const auto& [part, trouble] : reasons_)
      reasons.push_back(fmt::format("{}: {}", part, trouble));
    return reasons;
  }

 private:
  std::function<void()> on_change_;
  std::map<std::string, std::string> reasons_;  // by part
};

}  // namespace hlb
