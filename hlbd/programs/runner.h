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
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "helpers/link.h"
#include "helpers/own_helper.h"
#include "programs/message.h"

namespace hlb::programs {

// The environment variable by which a program that hlbd runs finds other programs.
inline constexpr std::string_view kPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// How the helper is reached.
struct HelperSettings {
  // Where it listens. Empty: hlbd starts a helper of its own when the first program is to run, and
  // again when that has gone; as root it runs each program as its Program::user.
  std::filesystem::path socket{};
  // Called with the reason when the helper can't be used, and with "" when it can be again.
  std::function<void(const std::string& trouble)> on_trouble{};
  // Called before the first helper of hlbd's own is started.
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
  std::chrono::steady_clock::time_point time_up{};  // when it timed_out: when that was
};

// Has the helper run programs. Lives in a shared_ptr; used by hlbd's loop alone, and outlived by
// the coroutines that await it. A fault of the helper is never taken for the program's: the helper
// has a time of its own to answer, after which it counts as hung, and all that it was asked
// meanwhile is without an answer. All that runs is killed when the runner goes.
class Runner : public std::enable_shared_from_this<Runner> {
 public:
  // How long after a program's timeout the helper may be silent, and how long it may take at most
  // when it answers others meanwhile.
  static constexpr std::chrono::seconds kGrace{2};
  static constexpr std::chrono::seconds kPatience{30};
  // The least time between two starts of a helper of hlbd's own.
  static constexpr std::chrono::seconds kPause{1};

  explicit Runner(boost::asio::any_io_executor executor, HelperSettings settings = {});
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Runs the program, and tells what came of it. Cancelling the awaiting coroutine kills it.
  boost::asio::awaitable<RunResult> run(Program program);

 private:
  using Monotonic = std::chrono::steady_clock;
  class Call;

  static boost::asio::awaitable<RunResult> await_end(std::shared_ptr<Runner> self, Program program);
  tl::expected<void, std::string> ask(const RunRequest& request);
  void cancel(Id id);
  tl::expected<void, std::string> connect();
  helpers::HelperLink::Events events();
  tl::expected<FileDescriptor, std::string> reach() const;
  tl::expected<FileDescriptor, std::string> start_own();
  bool answered(std::span<const std::uint8_t> packet);
  void lose(const std::string& trouble);
  void tell(const std::string& trouble);

  boost::asio::any_io_executor executor_;
  HelperSettings settings_;
  helpers::OwnHelper own_{"hlb-programs"};
  std::optional<Monotonic::time_point> last_start_;
  std::shared_ptr<helpers::HelperLink> link_;  // nullptr when there is none
  std::map<Id, Call*> calls_;                  // that await an answer
  Id last_id_ = 0;
  Monotonic::time_point last_answer_{};
  std::string told_;
};

}  // namespace hlb::programs
