// What a fleet of hlbds needs of the engine that it shares: the seam between etcd and those that
// use it. The words are etcd's: a revision counts the changes of the whole engine, and a key's own
// is that of its last change.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace hlb::fleet {

using Revision = std::int64_t;

// Why the engine didn't do what it was asked.
struct EngineFault {
  enum class Kind : std::uint8_t {
    unavailable,  // nobody there, an answer that can't be understood, or any error not known here
    compacted,    // the revision that was asked for isn't kept any more
    refused,      // the engine, or its certificate, says that this isn't allowed
  };

  Kind kind = Kind::unavailable;
  std::string message;  // for people, printable: "connection refused"
};

template <typename T>
using Answer = tl::expected<T, EngineFault>;
template <typename T>
using Async = boost::asio::awaitable<Answer<T>>;

// Who answered, and how far it was: the header of each reply.
struct Stand {
  std::uint64_t cluster = 0;
  Revision revision = 0;

  friend bool operator==(const Stand&, const Stand&) = default;
};

// The most bytes that a key's value may have. Of a longer one an engine gives the beginning, of one
// byte more: it is refused, however much else it has.
inline constexpr std::size_t kMaxValue = std::size_t{64} << 10U;

// A key as it is, or was before it went.
struct Change {
  std::string key;
  std::optional<std::string> value;  // nullopt: there is no such key any more
  Revision revision = 0;             // of this change

  friend bool operator==(const Change&, const Change&) = default;
};

struct Listing {
  Stand stand;               // whose revision all keys are of
  std::vector<Change> keys;  // in their order; each has a value
};

// What came on a watch. A sign of life tells how far the member is; changes up to there may still
// be to come (etcd#15220), so it is none to resume by.
struct WatchNews {
  Stand stand;
  std::vector<Change> changes;  // in order; empty: the watch is in place, or a sign of life
};

// A watch on all keys that begin alike.
class Watch {
 public:
  Watch() = default;
  virtual ~Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Waits for what comes next: first that the watch is in place. After a fault nothing more comes.
  // To be awaited by one coroutine at a time.
  virtual Async<WatchNews> next() = 0;

  // Asks for a sign of life, which next() returns.
  virtual void ask_progress() = 0;
};

// Writes that are made all together, if all conditions hold.
struct Transaction {
  struct Condition {
    std::string key;
    Revision revision = 0;  // of its last change; 0: there is no such key
  };
  struct Write {
    std::string key;
    std::optional<std::string> value;  // nullopt: the key is deleted
    std::int64_t lease = 0;            // 0: stays until it is deleted
  };

  std::vector<Condition> only_if;
  std::vector<Write> writes;
};

struct Committed {
  bool done = false;  // false: a condition didn't hold, and nothing was written
  Stand stand;
};

struct Lease {
  std::int64_t id = 0;
  std::chrono::seconds left{0};  // 0: it has ended
};

struct Member {
  std::string name;
  std::vector<std::string> urls;  // for clients
};

// A connection to one member of the engine. Used by one loop alone. Each request ends within the
// time that it is given at most; a connection on which one has failed as `unavailable` is of no
// further use.
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // All keys that begin with `prefix`, at one revision, as a majority of members has them.
  virtual Async<Listing> list(std::string prefix) = 0;

  // Watches from `from` on, that revision included; 0: from now on. The engine must outlive it.
  virtual std::unique_ptr<Watch> watch(std::string prefix, Revision from) = 0;

  virtual Async<Committed> transact(Transaction transaction) = 0;

  virtual Async<Lease> grant(std::chrono::seconds time) = 0;
  virtual Async<Lease> keep_alive(std::int64_t lease) = 0;

  virtual Async<std::vector<Member>> members() = 0;

  // Whether what a key was at this revision can still be told, as it isn't compacted.
  virtual Async<bool> keeps(std::string key, Revision revision) = 0;

  // Ends all that is awaited, as unavailable. To be called before it is destroyed while coroutines
  // wait for it; they go on a turn of the loop later.
  virtual void close() = 0;
};

// Connects to the member at an endpoint of the configuration, "https://etcd1:2379".
using Connect = std::function<Async<std::unique_ptr<Engine>>(std::string endpoint)>;

}  // namespace hlb::fleet
