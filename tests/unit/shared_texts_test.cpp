// Who gets which text.
#include "operators/web/shared_texts.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hlb::web {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class SharedTextsTest : public testing::Test {
 protected:
  SharedTexts::Text get(const std::string& key = "one") {
    SharedTexts::Text text;
    asio::co_spawn(loop_, keep(key, text), asio::detached);
    loop_.restart();
    loop_.run();
    return text;
  }

 private:
  // Makes what it passes before: g++ 12 destroys a lambda twice that is made in the awaiting
  // expression.
  asio::awaitable<void> keep(std::string key, SharedTexts::Text& text) {
    const SharedTexts::Make make = [key] {
      return [key](std::string& to) {
        const bool more = to.empty();
        if (more) to = key;
        return more;
      };
    };
    text = co_await shared_->get(key, make);
  }

  asio::io_context loop_{1};
  std::shared_ptr<SharedTexts> shared_ = std::make_shared<SharedTexts>(loop_.get_executor());
};

TEST_F(SharedTextsTest, IsMadeForEachWhoAsksUnlessManyAreHeld) {
  std::vector<SharedTexts::Text> held = {get(), get(), get(), get()};
  for (std::size_t i = 1; i < held.size(); ++i)
    EXPECT_NE(held[i], held[i - 1]);
  EXPECT_EQ(get(), held.back());
  held.clear();
  const SharedTexts::Text one = get();
  EXPECT_NE(get(), one);
}

TEST_F(SharedTextsTest, IsTheOneThatWasAskedFor) {
  const std::vector<SharedTexts::Text> held = {get("a"), get("b"), get("a"), get("b")};
  EXPECT_EQ(*get("a"), "a");
  EXPECT_EQ(*get("b"), "b");
  EXPECT_EQ(get("a"), held[2]);
  EXPECT_EQ(*get("c"), "c");
}

TEST_F(SharedTextsTest, OfLongAgoIsGivenToNobody) {
  const std::vector<SharedTexts::Text> held = {get(), get(), get(), get()};
  std::this_thread::sleep_for(1100ms);
  EXPECT_NE(get(), held.back());
  EXPECT_NE(get(), held.back());  // the one between is gone again, and isn't taken for this
}

}  // namespace
}  // namespace hlb::web
