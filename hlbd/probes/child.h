// A program that is run, until it ends.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "probes/children.h"
#include "probes/spawn.h"

namespace hlb::probes {

// Used by hlbd's loop alone. The destructor kills the program, if it still runs, with all that
// descends from it, see Children::end().
class Child {
 public:
  // So much of the output is kept; what is beyond is read, and dropped.
  static constexpr std::size_t kMaxOutput = 4096;

  Child(boost::asio::any_io_executor executor, std::shared_ptr<Children> children);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // To be called once, before all else. An error says that hlbd had no process or descriptor left.
  std::error_code start(const Program& program);

  struct End {
    std::optional<StartFailure> not_started;  // the rest is unset then
    int signal = 0;                           // that killed it; 0: it exited by itself
    int exit_code = 0;
  };

  // The end of the program, whoever may still hold its output open. nullopt when it hasn't come
  // until `deadline`, or the awaiting coroutine was cancelled; the program runs on then.
  boost::asio::awaitable<std::optional<End>> end(std::chrono::steady_clock::time_point deadline);

  // What the program has written to stdout and stderr. Complete when end() has come.
  std::string_view output() const;

 private:
  struct Running;

  End how_it_ended() const;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<Children> children_;
  std::shared_ptr<Running> running_;
};

}  // namespace hlb::probes
