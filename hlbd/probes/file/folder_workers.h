// Workers for files whose disks, or servers far away, may hang.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "system/worker.h"

namespace hlb::probes {

// A worker for each set of folders that are read together, so that a folder whose disk hangs holds
// up no other's files. Used by the loop of the executor alone.
class FolderWorkers {
 public:
  using Folders = std::set<std::string>;

  // The most workers there ever are, whatever hangs, and however often who reads comes and goes.
  // Folders beyond that share a worker with others.
  static constexpr std::size_t kMost = 16;

  explicit FolderWorkers(boost::asio::any_io_executor executor);

  // The worker of exactly these folders; completions are posted to the executor. Jobs of its last
  // user may still keep it busy.
  std::shared_ptr<Worker> get(const Folders& folders);

 private:
  std::shared_ptr<Worker> make() const;

  boost::asio::any_io_executor executor_;
  std::map<Folders, std::shared_ptr<Worker>> workers_;  // in use, or busy
};

}  // namespace hlb::probes
