// The text that clients of the endpoint get, made once for all who ask while another is being made:
// with 100,000 services it takes a tenth of a second to make, and 15 MB.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "operators/metrics/exposition.h"
#include "system/scope.h"

namespace hlb::metrics {

// Used by hlbd's loop alone.
class SharedText {
 public:
  // Called for each text, to say what a scrape shows.
  using Expose = std::function<Exposition()>;
  using Text = std::shared_ptr<const std::string>;

  SharedText(boost::asio::any_io_executor executor, Expose expose);

  // Returns a text of a moment after the call; but of the last second when clients hold several
  // texts already, and so may be slow on purpose.
  boost::asio::awaitable<Text> get();

 private:
  struct Making;

  boost::asio::awaitable<void> make();
  bool many_are_held();

  boost::asio::any_io_executor executor_;
  Expose expose_;
  bool busy_ = false;             // one is being made
  std::shared_ptr<Making> next_;  // to be made after it, for those who wait
  std::vector<std::weak_ptr<const std::string>> held_;
  std::weak_ptr<const std::string> last_;
  std::chrono::steady_clock::time_point last_made_{};
  Scope scope_;
};

}  // namespace hlb::metrics
