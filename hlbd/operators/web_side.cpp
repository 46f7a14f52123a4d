#include "operators/web_side.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <system_error>
#include <utility>

#include "operators/page/status.h"
#include "operators/page/view.h"
#include "text/endpoint.h"

namespace hlb {
namespace {

constexpr char kPlain[] = "text/plain; charset=utf-8";

std::string name_of(const MetricsAddress& at) {
  return at.port == 0 ? at.socket : Endpoint{at.address, at.port}.to_string();
}

// Something that has add_part(), as the server takes it.
template <typename Text>
web::AddPart parts_of(Text text) {
  auto shared = std::make_shared<Text>(std::move(text));
  return [shared](std::string& to) { return shared->add_part(to); };
}

}  // namespace

WebSide::WebSide(const boost::asio::any_io_executor& executor, const Telemetry& telemetry,
                 page::Sources sources, OnTrouble on_trouble)
    : telemetry_(telemetry),
      sources_(std::move(sources)),
      on_trouble_(std::move(on_trouble)),
      server_(executor, [this](const web::Wish& wish) { return content_of(wish); }) {}

void WebSide::serve_at(const std::optional<MetricsAddress>& address) {
  if (address && address == address_) return;
  server_.close();
  address_.reset();
  const std::string trouble = address ? try_to_serve_at(*address) : "";
  // Each time, as who reloads for its sake waits for an answer.
  if (!trouble.empty()) spdlog::warn("metrics: {}; a reload tries again", trouble);
  on_trouble_(trouble);
}

// Returns what stands in the way; empty when nothing does.
std::string WebSide::try_to_serve_at(const MetricsAddress& address) {
  const std::error_code error = address.port == 0
                                    ? server_.serve_at(address.socket)
                                    : server_.serve_at(Endpoint{address.address, address.port});
  if (error) return fmt::format("can't be served at {}: {}", name_of(address), error.message());
  address_ = address;
  return "";
}

std::optional<web::Content> WebSide::content_of(const web::Wish& wish) const {
  if (wish.path == "/metrics") return metrics(wish.open_metrics);
  if (wish.path == "/") return page(wish.query);
  if (wish.path == "/status.json") return status();
  if (wish.path == "/healthz") return health();
  return std::nullopt;
}

web::Content WebSide::metrics(bool open_metrics) const {
  const auto format =
      open_metrics ? metrics::Exposition::Format::open_metrics : metrics::Exposition::Format::text;
  return {.key = open_metrics ? "open metrics" : "metrics",
          .type = metrics::content_type(format),
          .policy = "",
          .available = true,
          .make = [this, format] { return parts_of(telemetry_.expose(format)); }};
}

web::Content WebSide::page(std::string_view query) const {
  auto view = page::View::of_query(query);
  return {.key = "page " + view.link(),
          .type = "text/html; charset=utf-8",
          .policy = page::content_security_policy(),
          .available = true,
          .make = [this, view = std::move(view)] {
            return parts_of(page::StatusPage(sources_, view));
          }};
}

web::Content WebSide::status() const {
  return {
      .key = "status", .type = "application/json", .policy = "", .available = true, .make = [this] {
        return parts_of(page::StatusText(sources_));
      }};
}

// hlbd is well if it answers this at all, and has finished its start.
web::Content WebSide::health() const {
  const auto say = [text = ready_ ? "ok\n" : "starting\n", said = false](std::string& to) mutable {
    if (!said) to += text;
    return !std::exchange(said, true);
  };
  return {.key = ready_ ? "ok" : "starting",
          .type = kPlain,
          .policy = "",
          .available = ready_,
          .make = [say] { return say; }};
}

}  // namespace hlb
