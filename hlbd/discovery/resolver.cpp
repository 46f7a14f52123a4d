#include "discovery/resolver.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "system/deliver.h"
#include "system/file_stamp.h"
#include "system/scope.h"
#include "system/worker.h"

namespace hlb::discovery {

namespace asio = boost::asio;

struct Resolver::Work {
  using Serial = std::uint64_t;
  struct Pending : Turns::Waiter {
    Serial serial = 0;
    DnsQuestion question;
    Channel::Taker taker;
  };

  // Tells one resolv.conf from another; unset: there is no file, or it can't be looked at.
  using Version = std::optional<FileStamp>;
  using SetupPtr = std::shared_ptr<Channel::Setup>;

  Work(asio::any_io_executor loop, ResolverSettings all)
      : executor(std::move(loop)),
        settings(std::move(all)),
        worker(1, deliver_to(executor)),
        patience(executor) {}

  // Has the worker look at resolv.conf, unless it does already.
  void look_at_resolv_conf() {
    if (looking) return;
    const auto tell =
        scope.guard([this](const Version& now, const SetupPtr& setup) { looked(now, setup); });
    looking = worker.post(
        [tell, all = settings, before = version, first = !channel]() -> Worker::Completion {
          const Version now = stamp_of(all.resolv_conf);
          auto setup = first || now != before ? Channel::set_up(all) : nullptr;
          return [tell, now, setup = std::move(setup)] { tell(now, setup); };
        });
    wait_for_look();
  }

  void wait_for_look() {
    late = false;
    patience.expires_after(settings.timeout);
    patience.async_wait(scope.guard([this](const boost::system::error_code& error) {
      if (error) return;
      late = true;
      ask_next();
    }));
  }

  void looked(const Version& now, const SetupPtr& setup) {
    looking = false;
    patience.cancel();
    if (setup) {
      version = now;
      ask_anew(setup);
    }
    ask_next();
  }

  void ask(DnsQuestion question, const Turn& turn, Channel::Taker taker) {
    Pending& pending = questions[++last_serial];
    pending.serial = last_serial;
    pending.question = std::move(question);
    pending.taker = std::move(taker);
    pending.due = std::chrono::steady_clock::now();
    pending.share = turn.share;
    pending.silent = turn.silent;
    turns.wait(pending);
  }

  // Asks the questions under way again, before the others of their shares.
  void ask_anew(const SetupPtr& setup) {
    for (auto& [serial, pending] : questions) {
      if (pending.is_linked()) continue;
      turns.give_back(*pending.share, pending.silent);
      turns.wait(pending);
    }
    ++generation;
    channel.emplace(executor, setup);
  }

  void ask_next() {
    if (looking && !late) return;
    if (!channel) return refuse_all();
    while (Turns::Waiter* const next = turns.next()) {
      const auto& pending = static_cast<const Pending&>(*next);
      auto take = [this, asked = generation, serial = pending.serial](DnsAnswer answer) {
        // Drops answers of servers that are no longer asked.
        if (generation == asked) answered(serial, std::move(answer));
      };
      channel->ask(pending.question, scope.guard(std::move(take)));
    }
  }

  // Fails all questions, as no server is known.
  void refuse_all() {
    for (auto& [serial, pending] : questions) {
      asio::post(executor, scope.guard([this, taker = std::move(pending.taker)] {
        taker(DnsAnswer::failure(settings.resolv_conf + " can't be read at the moment"));
      }));
    }
    questions.clear();
  }

  void answered(Serial serial, DnsAnswer answer) {
    const auto asked = questions.extract(serial);
    turns.give_back(*asked.mapped().share, asked.mapped().silent);
    ask_next();
    asked.mapped().taker(std::move(answer));
  }

  asio::any_io_executor executor;
  ResolverSettings settings;
  Worker worker;
  bool looking = false;  // the worker looks at resolv.conf
  bool late = false;     // it has been looking for longer than questions wait
  asio::steady_timer patience;
  Version version;  // of the resolv.conf that the channel is made from
  std::optional<Channel> channel;
  std::uint64_t generation = 0;  // of the channel
  Turns turns{kQuestionsAtOnce};
  std::map<Serial, Pending> questions;  // waiting or under way
  Serial last_serial = 0;
  Scope scope;
};

Resolver::Resolver(asio::any_io_executor executor, ResolverSettings settings)
    : work_(std::make_unique<Work>(std::move(executor), std::move(settings))) {}

Resolver::~Resolver() = default;

void Resolver::ask(DnsQuestion question, const Turn& turn, Channel::Taker taker) {
  work_->ask(std::move(question), turn, std::move(taker));
  work_->look_at_resolv_conf();
  work_->ask_next();
}

}  // namespace hlb::discovery
