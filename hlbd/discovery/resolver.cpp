#include "discovery/resolver.h"

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>

namespace hlb::discovery {
namespace {

// What changes when a file is written to, or replaced. One that isn't there has a version, too.
using FileVersion = std::tuple<dev_t, ino_t, off_t, time_t, std::int64_t>;

FileVersion version_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

}  // namespace

struct Resolver::Work : std::enable_shared_from_this<Work> {
  struct Pending {
    Question question;
    Channel::Taker taker;
  };
  using Serial = std::uint64_t;

  Work(boost::asio::any_io_executor loop, ResolverSettings all)
      : executor(std::move(loop)), settings(std::move(all)) {}

  // Those that were under way are the first to be asked again.
  void heed_resolv_conf() {
    const FileVersion now = version_of(settings.resolv_conf);
    if (channel && now == version) return;
    version = now;
    for (auto& [serial, pending] : std::views::reverse(under_way))
      waiting.push_front(std::move(pending));
    under_way.clear();
    channel.emplace(executor, settings);
  }

  void ask_next() {
    while (!waiting.empty() && under_way.size() < kQuestionsAtOnce) {
      const Serial serial = ++last_serial;
      const auto [asked, is_new] = under_way.emplace(serial, std::move(waiting.front()));
      waiting.pop_front();
      channel->ask(asked->second.question, [work = weak_from_this(), serial](Answer answer) {
        if (const auto self = work.lock()) self->answered(serial, std::move(answer));
      });
    }
  }

  void answered(Serial serial, Answer answer) {
    const auto asked = under_way.extract(serial);
    if (asked.empty()) return;  // an answer of servers that are no longer asked
    ask_next();
    asked.mapped().taker(std::move(answer));
  }

  boost::asio::any_io_executor executor;
  ResolverSettings settings;
  FileVersion version;
  std::optional<Channel> channel;
  std::deque<Pending> waiting;
  std::map<Serial, Pending> under_way;
  Serial last_serial = 0;
};

Resolver::Resolver(boost::asio::any_io_executor executor, ResolverSettings settings)
    : work_(std::make_shared<Work>(std::move(executor), std::move(settings))) {}

Resolver::~Resolver() {
  work_->waiting.clear();
  work_->under_way.clear();
}

void Resolver::ask(Question question, Channel::Taker taker) {
  work_->waiting.push_back({std::move(question), std::move(taker)});
  work_->heed_resolv_conf();
  work_->ask_next();
}

}  // namespace hlb::discovery
