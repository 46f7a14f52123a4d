// What hlbd serves over HTTP where the configuration says: the metrics, the page, the status as
// JSON, and whether hlbd is well.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "operators/page/page.h"
#include "operators/telemetry.h"
#include "operators/web/server.h"
#include "operators/web/site.h"

namespace hlb {

// Used by hlbd's loop alone. All it is made with must outlive it.
class WebSide {
 public:
  // Called with the reason why nothing is served, and with "" once it is, or needn't be.
  using OnTrouble = std::function<void(const std::string& trouble)>;

  WebSide(const boost::asio::any_io_executor& executor, const Telemetry& telemetry,
          page::Sources sources, OnTrouble on_trouble);

  // Serves at this address from now on, or nowhere. If it can't, all else goes on.
  void serve_at(const std::optional<MetricsAddress>& address);

  // hlbd is ready; until then it says that it is starting.
  void ready() { ready_ = true; }

 private:
  std::string try_to_serve_at(const MetricsAddress& address);
  std::optional<web::Content> content_of(const web::Wish& wish) const;
  web::Content metrics(bool open_metrics) const;
  web::Content page(std::string_view query) const;
  web::Content status() const;
  web::Content health() const;

  const Telemetry& telemetry_;
  page::Sources sources_;
  OnTrouble on_trouble_;
  bool ready_ = false;
  std::optional<MetricsAddress> address_;  // where it serves
  web::WebServer server_;
};

}  // namespace hlb
