#include "fleet/engine_writer.h"

#include <utility>

namespace hlb::fleet {

EngineWriter::EngineWriter(Connect connect) : connect_(std::move(connect)) {}

EngineWriter::~EngineWriter() {
  disconnect();
}

Async<Committed> EngineWriter::write(std::string endpoint, Transaction transaction) {
  auto connected = co_await connect_(std::move(endpoint));
  if (!connected) co_return tl::make_unexpected(std::move(connected).error());
  engine_ = *std::move(connected);
  auto committed = co_await engine_->transact(std::move(transaction));
  disconnect();
  co_return committed;
}

void EngineWriter::disconnect() {
  if (engine_) engine_->close();
  engine_.reset();
}

}  // namespace hlb::fleet
