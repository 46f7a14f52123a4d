#include "probes/waiters.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>

#include "probes/deadlines.h"
#include "system/scope.h"

namespace hlb::probes {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

class Waiters::Waiter {
 public:
  Waiter(Waiters& all, const asio::any_io_executor& executor, milliseconds timeout)
      : all_(all), told_(executor, 1), deadline_([this] { told_.cancel(); }) {
    all_.waiting_.insert(this);
    deadline_.start(executor, timeout);
  }
  ~Waiter() { all_.waiting_.erase(this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void tell() { told_.try_send(error_code()); }

  asio::awaitable<bool> wait() {
    const auto [error] = co_await told_.async_receive(kAsTuple);
    co_return !error;
  }

 private:
  Waiters& all_;
  asio::experimental::channel<void(error_code)> told_;
  Deadline deadline_;
};

asio::awaitable<bool> Waiters::wait(milliseconds timeout) {
  Waiter waiter(*this, co_await asio::this_coro::executor, timeout);
  co_return co_await waiter.wait();
}

void Waiters::tell() {
  for (Waiter* waiter : waiting_)
    waiter->tell();
}

}  // namespace hlb::probes
