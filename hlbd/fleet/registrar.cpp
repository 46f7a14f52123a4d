#include "fleet/registrar.h"

#include <algorithm>
#include <utility>

#include "fleet/entries.h"

namespace hlb::fleet {
namespace {

// As many writes as etcd takes in a transaction, by default 128 operations.
constexpr std::size_t kMostWrites = 100;

}  // namespace

Registrar::Registrar(boost::asio::any_io_executor executor, Clock& clock, Connect connect,
                     Settings settings, Present present, OnTrouble on_trouble)
    : executor_(std::move(executor)),
      clock_(clock),
      writer_(std::move(connect)),
      settings_(std::move(settings)),
      present_(std::move(present)),
      on_trouble_(std::move(on_trouble)),
      random_(settings_.seed),
      endpoint_(random_.below(static_cast<std::uint32_t>(settings_.endpoints.size()))),
      again_(clock.alarm([this] { look(); })) {}

void Registrar::configure(const std::vector<Registration>& registrations) {
  for (auto& [key, wanted] : wanted_)
    wanted = {};
  for (const Registration& each : registrations) {
    wanted_[settings_.keys.backend(each.service, each.address)] = {
        .value = write_backend(registered(each, settings_.host)),
        .until_stop = each.deregister_on_stop};
  }
  look();
}

void Registrar::look() {
  const MirroredKeys::Map* const present = present_();
  if (writing_ || done_ || present == nullptr) return;
  auto transaction = plan(*present);
  tell();
  if (transaction) write(*std::move(transaction));
}

// Plans what is to be written, as much as goes at once. A key is written only as it was seen. One
// that the engine has lost is put back.
std::optional<Transaction> Registrar::plan(const MirroredKeys::Map& present) {
  Transaction transaction;
  others_.clear();
  for (const auto& [key, wanted] : wanted_) {
    const auto found = present.find(key);
    const bool absent = found == present.end() || found->second.held;
    const KeptValue* const stands = absent ? nullptr : &found->second;
    if (stands == nullptr ? !wanted.value : wanted.value == stands->value) continue;
    const bool ours = stands == nullptr || is_registered_by(stands->value, settings_.host);
    if (!ours) {
      if (wanted.value) others_ += (others_.empty() ? "" : ", ") + settings_.keys.brief(key);
      continue;
    }
    if (transaction.writes.size() >= kMostWrites) break;
    transaction.only_if.push_back({key, stands == nullptr ? 0 : stands->revision});
    transaction.writes.push_back({key, wanted.value});
  }
  return transaction.writes.empty() ? std::nullopt : std::optional(std::move(transaction));
}

void Registrar::leave(std::function<void()> done) {
  if (done_) return;
  done_ = std::move(done);
  for (auto& [key, wanted] : wanted_) {
    if (wanted.until_stop) wanted.value.reset();
  }
  if (!writing_) take_leave();
}

void Registrar::take_leave() {
  const MirroredKeys::Map* const present = present_();
  auto transaction = present == nullptr ? std::nullopt : plan(*present);
  if (!transaction) return done_();
  leaving_ = true;
  write(*std::move(transaction));
}

void Registrar::write(Transaction transaction) {
  writing_ = true;
  scope_.spawn(executor_, run(std::move(transaction)));
}

// What was written shows in the catalog by its watch: look() is called then.
boost::asio::awaitable<void> Registrar::run(Transaction transaction) {
  const auto committed =
      co_await writer_.write(settings_.endpoints[endpoint_], std::move(transaction));
  writing_ = false;
  if (committed) {
    failures_ = 0;
    fault_.clear();
  } else {
    failed(committed.error());
  }
  tell();
  if (leaving_) {
    done_();
  } else if (done_) {
    take_leave();
  }
}

// Has the next member asked, after a while.
void Registrar::failed(const EngineFault& fault) {
  ++failures_;
  fault_ = fault.message;
  endpoint_ = (endpoint_ + 1) % settings_.endpoints.size();
  pause();
}

void Registrar::pause() {
  constexpr unsigned kMostDoublings = 6;
  const auto longest =
      std::min(kMostPause, kLeastPause * (1U << std::min(failures_ - 1, kMostDoublings)));
  const auto part = random_.below(static_cast<std::uint32_t>(longest.count()));
  again_->set(clock_.now() + longest / 2 + std::chrono::milliseconds(part));
}

void Registrar::tell() {
  std::string trouble;
  if (!fault_.empty()) {
    trouble = "can't register: " + fault_;
  } else if (!others_.empty()) {
    trouble = "somebody else has written " + others_ +
              ": remove that, or [[register]]; it stays as it is";
  }
  if (std::exchange(trouble_, trouble) != trouble) on_trouble_(trouble);
}

}  // namespace hlb::fleet
