#include "health/target_list.h"

#include <algorithm>
#include <utility>

namespace hlb {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

template <typename Function>
void for_each_word(std::string_view text, Function function) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return;
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    function(word);
    text.remove_prefix(word.size());
  }
}

}  // namespace

TargetList::TargetList(std::string_view text) {
  for_each_word(text, [this](std::string_view word) {
    TargetPattern pattern(word);
    auto service = pattern.only_service();
    auto address = pattern.only_address();
    const bool whole = service && pattern.means_whole_services();
    if (!whole && (!service || !address)) wildcard_bytes_ += word.size();
    if (!service) {
      of_any_service_.push_back(std::move(pattern));
    } else if (address) {
      by_service_[*std::move(service)].addresses.insert(*std::move(address));
    } else {
      by_service_[*std::move(service)].patterns.push_back(std::move(pattern));
    }
  });
}

std::optional<std::vector<std::string>> TargetList::only_services() const {
  if (!of_any_service_.empty()) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(by_service_.size());
  for (const auto& [name, meant] : by_service_)
    names.push_back(name);
  return names;
}

bool TargetList::may_mean(std::string_view service) const {
  return by_service_.contains(service) ||
         std::ranges::any_of(of_any_service_, [service](const TargetPattern& pattern) {
           return pattern.may_mean(service);
         });
}

bool TargetList::matches(std::string_view service, std::string_view address) const {
  const auto means = [&](const TargetPattern& pattern) {
    return pattern.matches(service, address);
  };
  const auto found = by_service_.find(service);
  if (found != by_service_.end()) {
    const auto& [addresses, patterns] = found->second;
    if (addresses.contains(address) || std::ranges::any_of(patterns, means)) return true;
  }
  return std::ranges::any_of(of_any_service_, means);
}

}  // namespace hlb
