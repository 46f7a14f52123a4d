// Bounded waiting for calls that know no limit of their own.
#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace hlb::ctl {

// The longest that hlbctl waits for anything. With what it does itself, it ends within two seconds.
inline constexpr std::chrono::milliseconds kAnswerLimit{1800};

// Runs `work`, and gives what it returns or throws; nullopt when that takes longer than `limit`.
// The thread then goes on by itself, so `work` must own all that it uses, and the program should
// end soon.
template <typename Work>
std::optional<std::invoke_result_t<Work>> within(std::chrono::milliseconds limit, Work work) {
  std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(limit) != std::future_status::ready) return std::nullopt;
  return result.get();
}

}  // namespace hlb::ctl
