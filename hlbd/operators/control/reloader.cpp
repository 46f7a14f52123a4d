#include "operators/control/reloader.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>

#include "operators/control/reload_preview.h"

namespace hlb {
namespace {

// One that reads, one that frees what was before, and a preview.
constexpr std::size_t kJobs = 3;

std::string all_of(const ConfigErrors& errors) {
  std::string text;
  for (const ConfigError& error : errors)
    text += (text.empty() ? "" : "\n") + error.to_string();
  return text;
}

}  // namespace

Reloader::Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current,
                   Current configured, Apply apply, OnTrouble on_trouble)
    : file_(std::move(file)),
      current_(std::move(current)),
      configured_(std::move(configured)),
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
  for (const ConfigError& error : errors)
    spdlog::error("{}", error.to_string());
  spdlog::error("not reloaded: the configuration before goes on");
  on_trouble_(errors.front().to_string() + "; the one before goes on");
  return {Refusal::Kind::invalid_config, all_of(errors)};
}

void Reloader::end(const bus::Reloaded& reloaded) {
  for (const Reply& reply : std::exchange(served_, {}))
    reply(reloaded);
  if (!waiting_.empty()) read();
}

// ---- what would be -----------------------------------------------------------------------------

void Reloader::preview(PreviewReply reply) {
  previews_.push_back(std::move(reply));
  if (previews_.size() > 1) return;
  worker_.post([this, file = file_, before = configured_()] {
    const auto loaded = load(file, before);
    bus::ReloadPreviewed previewed =
        loaded ? bus::ReloadPreviewed(preview_of(loaded->services))
               : refuse(Refusal::Kind::invalid_config, all_of(loaded.error()));
    return [this, previewed = std::move(previewed)] { end_preview(previewed); };
  });
}

void Reloader::end_preview(const bus::ReloadPreviewed& previewed) {
  for (const PreviewReply& reply : std::exchange(previews_, {}))
    reply(previewed);
}

}  // namespace hlb
