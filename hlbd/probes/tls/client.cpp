#include "probes/tls/client.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "probes/tls/stream.h"

namespace hlb::probes {
namespace {

using std::chrono::milliseconds;

FolderWorkers::Folders folders_of(const std::vector<std::string>& files) {
  FolderWorkers::Folders folders;
  for (const std::string& file : files)
    folders.insert(std::filesystem::path(file).parent_path());
  return folders;
}

}  // namespace

TlsClient::TlsClient(TlsSpec spec, std::shared_ptr<Worker> worker)
    : spec_(std::move(spec)), worker_(std::move(worker)) {}

void TlsClient::look() {
  const bool nothing_can_change = settings_ != nullptr && files_.empty();
  if (looking_ || nothing_can_change) return;
  began_ = Monotonic::now();
  const auto tell = scope_.guard([this](const tls::TlsLook& look) { take(look); });
  looking_ = worker_->post([tell, spec = spec_, before = read_]() -> Worker::Completion {
    return [tell, look = tls::look_at(spec, before, TlsStream::prepare)] { tell(look); };
  });
}

// Counts from the beginning of the look, so that a look that hangs delays only who began with it.
boost::asio::awaitable<void> TlsClient::looked(milliseconds timeout) {
  const auto patience = std::min(kPatience, timeout / 2);
  const auto left = std::chrono::ceil<milliseconds>(began_ + patience - Monotonic::now());
  if (looking_ && left > milliseconds(0)) co_await waiters_.wait(left);
}

void TlsClient::take(const tls::TlsLook& look) {
  looking_ = false;
  fault_ = look.fault;
  if (look.settings != nullptr) {
    settings_ = look.settings;
    read_ = look.stamps;
    ++generation_;
  }
  waiters_.tell();
}

std::string TlsClient::fault() const {
  if (!looking_) return fault_;
  std::string list;
  for (const std::string& file : files_)
    list += (list.empty() ? "" : ", ") + file;
  return "can't be read at the moment: " + list;
}

std::shared_ptr<TlsClient> TlsClients::get(const TlsSpec& spec) {
  std::erase_if(used_, [](const auto& entry) { return entry.second.expired(); });
  auto& place = used_[{spec.verify, spec.ca, spec.certificate, spec.key}];
  auto found = place.lock();
  if (!found) {
    found = std::make_shared<TlsClient>(spec, workers_.get(folders_of(tls::files_of(spec))));
    place = found;
  }
  return found;
}

}  // namespace hlb::probes
