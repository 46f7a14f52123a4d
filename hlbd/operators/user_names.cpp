#include "operators/user_names.h"

#include <utility>

#include "system/user_name.h"

namespace hlb {
namespace {

std::string by_number(std::uint32_t user_id) {
  return "user " + std::to_string(user_id);
}

}  // namespace

void UserNames::look_up(std::uint32_t user_id) {
  const auto [place, is_new] = known_.try_emplace(user_id);
  if (!is_new) return;
  const bool taken = worker_.post([this, user_id]() -> Worker::Completion {
    return [this, user_id, name = name_of_user(user_id).value_or(by_number(user_id))] {
      known_[user_id] = name;
    };
  });
  if (!taken) known_.erase(place);
}

std::string UserNames::name(std::uint32_t user_id) {
  look_up(user_id);
  const auto found = known_.find(user_id);
  const bool known = found != known_.end() && !found->second.empty();
  return known ? found->second : by_number(user_id);
}

}  // namespace hlb
