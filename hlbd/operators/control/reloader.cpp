#include "operators/control/reloader.h"

#include <memory>
#include <utility>

namespace hlb {

namespace {

constexpr std::size_t kJobs = 2;  // one that reads, and one that frees what was before

Reloader::Loaded load(const std::filesystem::path& file, const Services& before) {
  auto read = load_config(file);
  if (!read) return std::move(read).error();
  Config& settings = *read;
  Services now = list_of(std::exchange(settings.services, {}));
  return Reloader::Configuration{std::move(settings), compare(std::move(now), before)};
}

}  // namespace

Reloader::Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current,
                   Apply apply)
    : file_(std::move(file)),
      current_(std::move(current)),
      apply_(std::move(apply)),
      worker_(kJobs, std::move(deliver)) {}

void Reloader::request(Reply reply) {
  waiting_.push_back(std::move(reply));
  if (served_.empty()) read();
}

void Reloader::read() {
  served_ = std::exchange(waiting_, {});
  worker_.post([this, file = file_, before = current_()] {
    auto loaded = std::make_shared<Loaded>(load(file, before));
    return [this, loaded] { put_in_force(std::move(*loaded)); };
  });
}

void Reloader::put_in_force(Loaded loaded) {
  Services before = current_();
  apply_(std::move(loaded), [this](const auto& refusal) { end(refusal); });
  worker_.post([before = std::move(before)] { return Worker::Completion(); });
}

void Reloader::end(const std::optional<bus::Refusal>& refusal) {
  for (const Reply& reply : std::exchange(served_, {}))
    reply(refusal);
  if (!waiting_.empty()) read();
}

}  // namespace hlb
