// Who gets which text.
#include "operators/metrics/shared_text.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

#include "operators/metrics/metrics.h"

namespace hlb::metrics {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class SharedTextTest : public testing::Test {
 protected:
  SharedText::Text get() {
    SharedText::Text text;
    asio::co_spawn(loop_, keep(text), asio::detached);
    loop_.restart();
    loop_.run();
    return text;
  }

 private:
  asio::awaitable<void> keep(SharedText::Text& text) { text = co_await shared_->get(); }

  static Exposition expose() {
    return Metrics().expose({.services = list_of({}), .states = {}, .backends = {}});
  }

  asio::io_context loop_{1};
  std::shared_ptr<SharedText> shared_ =
      std::make_shared<SharedText>(loop_.get_executor(), &SharedTextTest::expose);
};

TEST_F(SharedTextTest, IsMadeForEachWhoAsksUnlessManyAreHeld) {
  std::vector<SharedText::Text> held = {get(), get(), get(), get()};
  for (std::size_t i = 1; i < held.size(); ++i)
    EXPECT_NE(held[i], held[i - 1]);
  EXPECT_EQ(get(), held.back());
  held.clear();
  const SharedText::Text one = get();
  EXPECT_NE(get(), one);
}

TEST_F(SharedTextTest, OfLongAgoIsGivenToNobody) {
  const std::vector<SharedText::Text> held = {get(), get(), get(), get()};
  std::this_thread::sleep_for(1100ms);
  EXPECT_NE(get(), held.back());
  EXPECT_NE(get(), held.back());  // the one between is gone again, and isn't taken for this
}

}  // namespace
}  // namespace hlb::metrics
