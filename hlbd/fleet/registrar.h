// Puts backends of this host into the fleet's catalog, as its configuration says, and takes them
// out again. What is registered hangs on no lease: it stays until somebody takes it out.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "engine/clock.h"
#include "fleet/engine.h"
#include "fleet/engine_writer.h"
#include "fleet/keys.h"
#include "fleet/mirrored_keys.h"
#include "libnss_hlb/random.h"
#include "system/scope.h"

namespace hlb::fleet {

// A backend that an operator has written, or another host, is left alone: who registers it, too, is
// told so. Used by hlbd's loop alone.
class Registrar {
 public:
  static constexpr std::chrono::milliseconds kLeastPause{500};  // after a failure, then doubled
  static constexpr std::chrono::milliseconds kMostPause{30'000};

  struct Settings {
    std::vector<std::string> endpoints;
    KeyLayout keys;
    std::string host;  // this host's name, by which it knows what it has registered
    std::uint64_t seed = 0;
  };
  // The catalog's keys as they are; nullptr while that isn't known for sure.
  using Present = std::function<const MirroredKeys::Map*()>;
  // Called with why something can't be registered, whenever that changes; empty: all is.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  // `clock` must outlive it.
  Registrar(boost::asio::any_io_executor executor, Clock& clock, Connect connect, Settings settings,
            Present present, OnTrouble on_trouble);

  // Takes over a list, in place of that before: what stands in it no more is taken out.
  void configure(const std::vector<Registration>& registrations);

  // Begins to write what differs from the catalog; to be called when that has changed.
  void look();

  // Takes out what is to be deregistered at a stop, once; calls `done` when that is over.
  void leave(std::function<void()> done);

 private:
  struct Wanted {
    std::optional<std::string> value;  // nullopt: nothing of this host's is to stand there
    bool until_stop = false;
  };

  std::optional<Transaction> plan(const MirroredKeys::Map& present);
  void write(Transaction transaction);
  boost::asio::awaitable<void> run(Transaction transaction);
  void take_leave();
  void failed(const EngineFault& fault);
  void pause();
  void tell();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  EngineWriter writer_;
  Settings settings_;
  Present present_;
  OnTrouble on_trouble_;
  std::map<std::string, Wanted> wanted_;  // by key
  Random random_;
  std::size_t endpoint_;
  unsigned failures_ = 0;  // in a row
  bool writing_ = false;
  std::function<void()> done_;  // with leaving; empty: it stays
  bool leaving_ = false;        // the last transaction is being written
  std::string fault_;           // of the engine
  std::string others_;          // keys that somebody else has written
  std::string trouble_;         // as told
  std::unique_ptr<Alarm> again_;
  Scope scope_;
};

}  // namespace hlb::fleet
