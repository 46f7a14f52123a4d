// org.hlb1.Resolver on the message bus: the interface for people and programs that ask by D-Bus
// (busctl call org.hlb1 /org/hlb1 org.hlb1.Resolver Resolve si NAME 0). See org.hlb1(5).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hlb::bus {

enum class BusKind : std::uint8_t { system, session };

struct Resolved {
  std::string name;  // canonical
  std::vector<std::string> addresses;
};

struct ResolveError {
  enum class Kind : std::uint8_t { no_such_service, no_healthy_backend, invalid_family };

  Kind kind = Kind::no_such_service;
  std::string message;  // for people
};

// `family` is AF_UNSPEC, AF_INET or AF_INET6: others are refused before the handler is asked. The
// name is what the caller sent, valid UTF-8 of any length.
using ResolveHandler =
    std::function<std::variant<Resolved, ResolveError>(std::string_view name, int family)>;

// Told once per trouble, not at every retry, in words for the log.
using TroubleHandler = std::function<void(std::string trouble)>;

// Keeps hlbd on the bus: connects, takes the name org.hlb1 and answers; without a bus or without
// the name it tries again after 1, 2, 4 … 30 s, for as long as it lives. Works on the loop of `io`,
// which outlives it. Both handlers are called from the loop; they must not throw and not destroy
// it.
//
// sdbus-c++ can only connect and take a name by blocking. On a bus that answers both take a
// millisecond; so a bus is asked first, without blocking, whether it answers, and taking the name
// is limited to one second.
class SystemBus {
 public:
  SystemBus(boost::asio::io_context& io, BusKind kind, ResolveHandler resolve,
            TroubleHandler on_trouble);
  // Leaves the bus at once.
  ~SystemBus();
  SystemBus(const SystemBus&) = delete;
  SystemBus& operator=(const SystemBus&) = delete;

 private:
  class Session;
  std::shared_ptr<Session> session_;  // shared with the coroutine that may still have to end
};

}  // namespace hlb::bus
