#include "discovery/resolver.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>

#include "system/file_stamp.h"
#include "system/worker.h"

namespace hlb::discovery {

namespace asio = boost::asio;

struct Resolver::Work : std::enable_shared_from_this<Work> {
  struct Pending {
    Question question;
    Channel::Taker taker;
  };
  using Serial = std::uint64_t;

  // What tells one resolv.conf from another; unset: there is none, or it can't be looked at.
  using Version = std::optional<FileStamp>;

  Work(asio::any_io_executor loop, ResolverSettings all)
      : executor(std::move(loop)),
        settings(std::move(all)),
        worker(1, [to = executor](Worker::Completion done) { asio::post(to, std::move(done)); }),
        patience(executor) {}

  // One at a time.
  void look_at_resolv_conf() {
    if (looking) return;
    looking = worker.post([weak = weak_from_this(), all = settings, before = version,
                           first = !channel]() -> Worker::Completion {
      const Version now = stamp_of(all.resolv_conf);
      auto setup = first || now != before ? Channel::set_up(all) : nullptr;
      return [weak, now, setup = std::move(setup)] {
        if (const auto self = weak.lock()) self->looked(now, setup);
      };
    });
    wait_for_look();
  }

  void wait_for_look() {
    late = false;
    patience.expires_after(settings.timeout);
    patience.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->late = true;
      self->ask_next();
    });
  }

  void looked(const Version& now, const std::shared_ptr<Channel::Setup>& setup) {
    looking = false;
    patience.cancel();
    if (setup) {
      version = now;
      ask_anew(setup);
    }
    ask_next();
  }

  // Those that were under way are the first to be asked again.
  void ask_anew(const std::shared_ptr<Channel::Setup>& setup) {
    for (auto& [serial, pending] : std::views::reverse(under_way))
      waiting.push_front(std::move(pending));
    under_way.clear();
    channel.emplace(executor, setup);
  }

  void ask_next() {
    if (looking && !late) return;
    if (!channel) return refuse_all();
    while (!waiting.empty() && under_way.size() < kQuestionsAtOnce) {
      const Serial serial = ++last_serial;
      const auto [asked, is_new] = under_way.emplace(serial, std::move(waiting.front()));
      waiting.pop_front();
      channel->ask(asked->second.question, [work = weak_from_this(), serial](Answer answer) {
        if (const auto self = work.lock()) self->answered(serial, std::move(answer));
      });
    }
  }

  // Nobody is known who could be asked.
  void refuse_all() {
    for (; !waiting.empty(); waiting.pop_front()) {
      asio::post(executor, [weak = weak_from_this(), taker = std::move(waiting.front().taker)] {
        const auto self = weak.lock();
        if (!self) return;
        taker(Answer::failure(self->settings.resolv_conf + " can't be read at the moment"));
      });
    }
  }

  void answered(Serial serial, Answer answer) {
    const auto asked = under_way.extract(serial);
    if (asked.empty()) return;  // an answer of servers that are no longer asked
    ask_next();
    asked.mapped().taker(std::move(answer));
  }

  asio::any_io_executor executor;
  ResolverSettings settings;
  Worker worker;
  bool looking = false;  // the worker is, at resolv.conf
  bool late = false;     // for longer than anybody waits
  asio::steady_timer patience;
  Version version;  // of the resolv.conf that the channel is made from
  std::optional<Channel> channel;
  std::deque<Pending> waiting;
  std::map<Serial, Pending> under_way;
  Serial last_serial = 0;
};

Resolver::Resolver(asio::any_io_executor executor, ResolverSettings settings)
    : work_(std::make_shared<Work>(std::move(executor), std::move(settings))) {}

Resolver::~Resolver() {
  work_->waiting.clear();
  work_->under_way.clear();
}

void Resolver::ask(Question question, Channel::Taker taker) {
  work_->waiting.push_back({std::move(question), std::move(taker)});
  work_->look_at_resolv_conf();
  work_->ask_next();
}

}  // namespace hlb::discovery
