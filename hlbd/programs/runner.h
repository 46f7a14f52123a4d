// hlbd's side of its helper hlb-programs: has it run programs.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "programs/link.h"
#include "programs/message.h"
#include "programs/own_helper.h"

namespace hlb::programs {

// Where a program that hlbd runs finds others.
inline constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Where the helper is.
struct HelperSettings {
  // Where it listens. Empty: hlbd starts one of its own when the first program is to run, and again
  // when that has gone, which as root runs each program as its Program::user.
  std::filesystem::path socket{};
  // Called when the helper can't be used, with the reason, and with an empty one when it is again.
  std::function<void(const std::string& trouble)> on_trouble{};
  // Called before the first one of its own is started.
  std::function<void()> on_own{};
};

struct RunResult {
  enum class Fate : std::uint8_t {
    ended,      // `ending` and `output` tell how
    not_asked,  // it has not begun: the helper couldn't be told
    no_answer,  // it may have begun: the helper went, or says nothing
    cancelled,
  };
  Fate fate = Fate::cancelled;
  Ending ending;
  std::string output;
  std::string trouble;                              // why it hasn't ended
  std::chrono::steady_clock::time_point time_up{};  // of an ending that timed_out: when that was
};

// In a shared_ptr. Used by hlbd's loop alone, and outlived by the coroutines that await it. What
// the helper does wrong is never taken for the program's doing: it has a time of its own to answer,
// after which it counts as hung, and all that it was asked meanwhile is without an answer. All that
// runs is killed when the client goes.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  // How long after a program's timeout the helper may be silent; and how long it may take at most,
  // though it answers others.
  static constexpr std::chrono::seconds kGrace{2};
  static constexpr std::chrono::seconds kPatience{30};
  // Between two starts of a helper of one's own.
  static constexpr std::chrono::seconds kPause{1};

  explicit Runner(boost::asio::any_io_executor executor, HelperSettings settings = {});
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Cancelling the awaiting coroutine kills the program.
  boost::asio::awaitable<RunResult> run(Program program);

 private:
  using Monotonic = std::chrono::steady_clock;
  class Call;

  static boost::asio::awaitable<RunResult> await_end(std::shared_ptr<Runner> self, Program program);
  std::string ask(const RunRequest& request);
  void cancel(Id id);
  std::string connect();
  HelperLink::Events events();
  FileDescriptor reach(std::string& trouble) const;
  FileDescriptor start_own(std::string& trouble);
  void answered(RunReply reply);
  void lose(const std::string& trouble);
  void tell(const std::string& trouble);

  boost::asio::any_io_executor executor_;
  HelperSettings settings_;
  OwnHelper own_;
  std::optional<Monotonic::time_point> last_start_;
  std::shared_ptr<HelperLink> link_;  // nullptr when there is none
  std::map<Id, Call*> calls_;         // that await an answer
  Id last_id_ = 0;
  Monotonic::time_point last_answer_{};
  std::string told_;
};

}  // namespace hlb::programs
