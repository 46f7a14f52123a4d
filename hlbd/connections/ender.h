// hlbd's side of its helper hlb-connections: has it end connections.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "connections/message.h"
#include "helpers/link.h"
#include "helpers/own_helper.h"
#include "system/scope.h"
#include "text/address.h"

namespace hlb::connections {

// Whose connections are asked for: a backend of a service, by the service's name, as reloads move
// services.
struct Owner {
  std::string service;
  Address backend;

  friend auto operator<=>(const Owner&, const Owner&) = default;
};

// Calls `tell` for each owner that connections were ended of, with those at all its ports together.
// `owners` are of the doomed, and `ended` what came of them, in the same order; those of one stand
// together.
void for_each_owner(std::span<const Owner> owners, std::span<const std::uint32_t> ended,
                    const std::function<void(const Owner& owner, std::uint32_t count)>& tell);

// Used by hlbd's loop alone. Asks for one thing after the other.
class Ender {
 public:
  // How many were ended, for each of the doomed; or why connections can't be ended.
  using Ended = tl::expected<std::vector<std::uint32_t>, std::string>;
  using Reply = std::function<void(const Ended&)>;
  // Called with the reason when connections can't be ended, and with "" when they can be again.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // The longest time that the helper has for an answer; it takes a tenth of a second to look
  // through 200,000 sockets.
  static constexpr std::chrono::seconds kPatience{5};
  static constexpr std::size_t kMostWaiting = 1024;
  // The least time between two starts of a helper of hlbd's own.
  static constexpr std::chrono::seconds kPause{1};

  // `socket`: where the helper listens. Empty: hlbd, if it is root, starts one of its own when
  // there is something to ask.
  Ender(boost::asio::any_io_executor executor, std::filesystem::path socket, OnTrouble on_trouble);
  ~Ender();
  Ender(const Ender&) = delete;
  Ender& operator=(const Ender&) = delete;

  // Has these ended, kMostDoomed at most; none: only asks whether it could. `reply` is called once,
  // from the loop, later or at once; not when this goes before.
  void end(std::vector<Doomed> doomed, Reply reply);

  // Lets the helper go once it has answered, until the next end(). There is no trouble with it
  // meanwhile.
  void rest();

 private:
  using Monotonic = std::chrono::steady_clock;
  struct Question {
    EndRequest request;
    Reply reply;
  };

  void ask_next();
  void let_go();
  tl::expected<void, std::string> send_first();
  tl::expected<void, std::string> connect();
  tl::expected<FileDescriptor, std::string> reach();
  bool answered(std::span<const std::uint8_t> packet);
  void fail(const std::string& trouble);
  void await_answer();
  void tell(const std::string& trouble);

  boost::asio::any_io_executor executor_;
  std::filesystem::path socket_;
  OnTrouble on_trouble_;
  helpers::OwnHelper own_{"hlb-connections"};
  std::shared_ptr<helpers::HelperLink> link_;  // nullptr when there is none
  std::deque<Question> questions_;             // the first is the one that was asked
  bool asked_ = false;
  bool resting_ = false;  // until something is asked
  Id last_id_ = 0;
  Monotonic::time_point next_start_{};
  boost::asio::steady_timer deadline_;
  std::string told_;
  Scope scope_;
};

}  // namespace hlb::connections
