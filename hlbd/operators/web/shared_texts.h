// The texts that clients of the endpoint get, each made once for all who ask for it while another
// is being made: with 100,000 services the metrics take a tenth of a second to make, and 15 MB.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "operators/web/site.h"
#include "system/scope.h"

namespace hlb::web {

// Used by hlbd's loop alone.
class SharedTexts {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Make = std::function<AddPart()>;

  explicit SharedTexts(boost::asio::any_io_executor executor);

  // Returns the text of this key as `make` has it, of a moment after the call; but of the last
  // second when clients hold several texts already, and so may be slow on purpose.
  boost::asio::awaitable<Text> get(std::string key, Make make);

 private:
  struct Making;
  struct Made {
    std::string key;
    std::weak_ptr<const std::string> text;
    std::chrono::steady_clock::time_point at;
  };

  boost::asio::awaitable<void> make();
  Text recent(const std::string& key);

  boost::asio::any_io_executor executor_;
  bool busy_ = false;  // one is being made
  std::deque<std::shared_ptr<Making>> waiting_;
  std::vector<Made> held_;  // by clients
  Scope scope_;
};

}  // namespace hlb::web
