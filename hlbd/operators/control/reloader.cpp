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

// The most services that change in one turn of the loop, which takes 20 to 60 ms for them.
constexpr std::size_t kServicesAtATime = 5000;

std::string all_of(const ConfigErrors& errors) {
  std::string text;
  for (const ConfigError& error : errors)
    text += (text.empty() ? "" : "\n") + error.to_string();
  return text;
}

}  // namespace

Reloader::Reloader(std::filesystem::path file, Worker::Deliver deliver, Current current,
                   Current configured, ApplyPart apply_part, Apply apply, OnTrouble on_trouble)
    : file_(std::move(file)),
      current_(std::move(current)),
      configured_(std::move(configured)),
      apply_part_(std::move(apply_part)),
      apply_(std::move(apply)),
      on_trouble_(std::move(on_trouble)),
      worker_(kJobs, std::move(deliver)) {}

void Reloader::request(Reply reply) {
  waiting_.push_back(std::move(reply));
  if (served_.empty()) read();
}

void Reloader::read() {
  served_ = std::exchange(waiting_, {});
  worker_.post([this, file = file_, before = current_()]() -> Worker::Completion {
    Loaded loaded = load(file, before);
    if (!loaded) {
      return
          [this, errors = std::move(loaded).error()] { end(tl::unexpected(refuse_all(errors))); };
    }
    auto next = std::make_shared<Next>(next_of(*std::move(loaded)));
    return [this, next] {
      on_trouble_("");
      go_on(std::move(*next));
    };
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

// Called by the worker.
Reloader::Next Reloader::next_of(Configuration whole) {
  ServiceChange part = part_way(whole.services, kServicesAtATime);
  return {std::move(whole), std::move(part)};
}

// Puts the next part in force, and has the worker make the one after it, or all that is left.
void Reloader::go_on(Next next) {
  Services before = current_();
  if (!next.part.now || !apply_part_(next.whole, next.part)) {
    apply_(std::move(next.whole), [this] { end({}); });
    worker_.post([before = std::move(before), part = std::move(next.part.now)] {
      return Worker::Completion();
    });
    return;
  }
  auto whole = std::make_shared<Configuration>(std::move(next.whole));
  worker_.post([this, whole, before = std::move(before), reached = current_()]() mutable {
    before.reset();  // each list takes much memory
    whole->services = compare(whole->services.now, reached);
    auto after = std::make_shared<Next>(next_of(std::move(*whole)));
    return [this, after] { go_on(std::move(*after)); };
  });
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
