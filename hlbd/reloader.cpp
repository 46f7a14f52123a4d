#include "reloader.h"

#include <memory>
#include <utility>

namespace hlb {

Reloader::Reloader(std::filesystem::path file, Worker::Deliver deliver, Apply apply)
    : file_(std::move(file)), apply_(std::move(apply)), worker_(1, std::move(deliver)) {}

void Reloader::request(Reply reply) {
  waiting_.push_back(std::move(reply));
  if (served_.empty()) read();
}

void Reloader::read() {
  served_ = std::exchange(waiting_, {});
  worker_.post([this, file = file_] {
    auto loaded = std::make_shared<Loaded>(load_config(file));
    return [this, loaded] { put_in_force(std::move(*loaded)); };
  });
}

void Reloader::put_in_force(Loaded loaded) {
  const auto refusal = apply_(std::move(loaded));
  for (const Reply& reply : std::exchange(served_, {}))
    reply(refusal);
  if (!waiting_.empty()) read();
}

}  // namespace hlb
