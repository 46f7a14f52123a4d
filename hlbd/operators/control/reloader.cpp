#include "operators/control/reloader.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace hlb {
namespace {

constexpr std::size_t kJobs = 2;  // one that reads, and one that frees what was before

}  // namespace

Reloader::Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current,
                   Apply apply, OnTrouble on_trouble)
    : file_(std::move(file)),
      current_(std::move(current)),
      apply_(std::move(apply)),
      on_trouble_(std::move(on_trouble)),
      worker_(kJobs, std::move(deliver)) {}

void Reloader::request(Reply reply) {
  waiting_.push_back(std::move(reply));
  if (served_.empty()) read();
}

void Reloader::read() {
  served_ = std::exchange(waiting_, {});
  worker_.post([this, file = file_, before = current_()] {
    auto loaded = std::make_shared<Loaded>(load(file, before));
    return [this, loaded] { take(std::move(*loaded)); };
  });
}

// Called by the worker.
Reloader::Loaded Reloader::load(const std::filesystem::path& file, const Services& before) {
  auto read = load_config(file);
  if (!read) return tl::unexpected(std::move(read).error());
  Config& settings = *read;
  Services now = list_of(std::exchange(settings.services, {}));
  return Configuration{std::move(settings), compare(std::move(now), before)};
}

void Reloader::take(Loaded loaded) {
  if (!loaded) return end(tl::unexpected(refuse_all(loaded.error())));
  on_trouble_("");
  Services before = current_();
  apply_(*std::move(loaded), [this] { end({}); });
  worker_.post([before = std::move(before)] { return Worker::Completion(); });
}

Refusal Reloader::refuse_all(const ConfigErrors& errors) {
  Refusal refusal{Refusal::Kind::invalid_config, ""};
  for (const ConfigError& error : errors) {
    spdlog::error("{}", error.to_string());
    refusal.message += (refusal.message.empty() ? "" : "\n") + error.to_string();
  }
  spdlog::error("not reloaded: the configuration before goes on");
  on_trouble_(errors.front().to_string() + "; the one before goes on");
  return refusal;
}

void Reloader::end(const bus::Reloaded& reloaded) {
  for (const Reply& reply : std::exchange(served_, {}))
    reply(reloaded);
  if (!waiting_.empty()) read();
}

}  // namespace hlb
