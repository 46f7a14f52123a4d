#include "probes/file/folder_workers.h"

#include <chrono>
#include <utility>

#include "system/deliver.h"

namespace hlb::probes {
namespace {

constexpr std::size_t kMaxJobs = 65'536;  // of a worker, which has one for each of its files

bool is_busy(Worker& worker) {
  return !worker.flush(std::chrono::milliseconds(0));
}

}  // namespace

FolderWorkers::FolderWorkers(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)) {}

// Keeps a worker that hangs, as it can't be ended: dropped, it would leave its thread, and the next
// user of its folders would have another one, which hangs as well.
std::shared_ptr<Worker> FolderWorkers::get(const Folders& folders) {
  std::erase_if(workers_, [](const auto& each) {
    const bool in_use = each.second.use_count() > 1;
    return !in_use && !is_busy(*each.second);
  });
  const auto found = workers_.lower_bound(folders);
  const bool own = found != workers_.end() && found->first == folders;
  if (own || workers_.size() >= kMost) {
    return (found == workers_.end() ? workers_.begin() : found)->second;
  }
  return workers_.emplace_hint(found, folders, make())->second;
}

std::shared_ptr<Worker> FolderWorkers::make() const {
  return std::make_shared<Worker>(kMaxJobs, deliver_to(executor_));
}

}  // namespace hlb::probes
