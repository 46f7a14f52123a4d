// Bounded waiting for calls that know no limit of their own.
#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace hlb::ctl {

// All that hlbctl waits for ends within two seconds; what is left is for saying so.
inline constexpr std::chrono::milliseconds kAnswerLimit{1800};

// What `work` returns or throws, or nullopt when it takes longer than `limit`. It is then left
// behind in its thread: the program is to end soon, and `work` must own all that it uses.
template <typename Work>
std::optional<std::invoke_result_t<Work>> within(std::chrono::milliseconds limit, Work work) {
  std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(limit) != std::future_status::ready) return std::nullopt;
  return result.get();
}

}  // namespace hlb::ctl
