// Keeps which priorities serve where better ones may be held back, and ends that when an operator
// says so.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "engine/monitor.h"
#include "operators/bus/directory.h"
#include "state/durable_file.h"
#include "state/saved_serving.h"
#include "system/worker.h"

namespace hlb {

// Used by hlbd's loop alone. What it is made with must outlive it.
//
// A failback is kept on the disk first, then put in force, then confirmed, as with overrides. A
// failover waits for no disk: it is kept as soon as that can be.
class FailbackControl {
 public:
  // Called with the reason why the file can't be written, whenever that changes; empty: it can.
  using OnTrouble = std::function<void(const std::string& trouble)>;
  // Called to publish what has come into force; calls `then`, which confirms it, once that is done.
  using Publish = std::function<void(std::function<void()> then)>;
  using Reply = bus::Control::ChangeReply;

  FailbackControl(const boost::asio::any_io_executor& executor,
                  const std::filesystem::path& state_folder, Worker& worker, Monitor& monitor,
                  Publish publish, OnTrouble on_trouble);

  // Has the monitor go on with what an hlbd before this one has kept. A file that can't be used is
  // a warning. To be called before the monitor's first services.
  void restore();

  // Has the best priority of a service serve. Refused if none is held back.
  void fail_back(bus::FailbackRequest request, Reply reply);

  // To be called when services have changed: forgets what is kept of those that are gone.
  void configured();

  // To be called after each publication, with the services whose verdicts were made anew.
  void published(std::span<const Refreshed> services);

 private:
  struct Request {
    bus::FailbackRequest what;
    Reply reply;
  };

  SavedServing serving() const;
  tl::expected<std::size_t, Refusal> place_of(const std::string& service) const;
  void take_turn();
  void keep(SavedServing serving);
  void kept(const std::string& trouble);
  void put_in_force(std::vector<Request> requests);
  void try_again();

  Worker& worker_;
  Monitor& monitor_;
  Publish publish_;
  OnTrouble on_trouble_;
  DurableFile file_;
  SavedServing serving_;
  bool in_file_ = true;  // whether serving_ is
  boost::asio::steady_timer retry_;
  std::vector<Request> waiting_;
  std::vector<Request> asked_;  // kept by the write under way
  bool writing_ = false;
};

}  // namespace hlb
