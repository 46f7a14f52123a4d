// fleet_client [CA [CERTIFICATE KEY]]   uses an etcd as hlbd does, as it is told by lines of JSON:
// {"id": 1, "do": "connect", "endpoint": "https://etcd1:2379"}, {"id": 2, "do": "list", "engine":
// 1, "prefix": "/hlb/"} and so on. Says what came of each, with its id, and when, in milliseconds.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fleet/engine.h"
#include "fleet/etcd/connect.h"
#include "system/scope.h"

namespace {

namespace asio = boost::asio;
using namespace hlb;
using nlohmann::json;

void say(const json& id, json what) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  what["id"] = id;
  what["at"] = std::chrono::duration<double, std::milli>(now).count();
  std::cout << what.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

json shown(const fleet::EngineFault& fault) {
  constexpr std::array kKinds = {"unavailable", "compacted", "refused"};
  return {{"fault", kKinds.at(static_cast<std::size_t>(fault.kind))}, {"message", fault.message}};
}

json shown(const fleet::Stand& stand) {
  return {{"cluster", stand.cluster}, {"revision", stand.revision}};
}

json shown(const std::vector<fleet::Change>& changes) {
  json list = json::array();
  for (const auto& change : changes)
    list.push_back({change.key, change.value ? json(*change.value) : json(), change.revision});
  return list;
}

fleet::Transaction transaction_in(const json& command) {
  fleet::Transaction transaction;
  for (const json& each : command.value("only_if", json::array()))
    transaction.only_if.push_back({each.at(0), each.at(1)});
  for (const json& each : command.at("writes")) {
    fleet::Transaction::Write write;
    write.key = each.at(0);
    if (!each.at(1).is_null()) write.value = each.at(1).get<std::string>();
    if (each.size() > 2) write.lease = each.at(2);
    transaction.writes.push_back(std::move(write));
  }
  return transaction;
}

class Client {
 public:
  Client(asio::io_context& loop, fleet::EtcdFiles files)
      : loop_(loop), connect_(fleet::connect_etcd(loop.get_executor(), std::move(files))) {
    scope_.spawn(loop_.get_executor(), read());
  }

 private:
  asio::awaitable<void> read() {
    asio::posix::stream_descriptor input(loop_, dup(STDIN_FILENO));
    std::string text;
    for (;;) {
      const auto [error, size] =
          co_await asio::async_read_until(input, asio::dynamic_buffer(text), '\n', kAsTuple);
      if (error) co_return loop_.stop();
      scope_.spawn(loop_.get_executor(), obey(json::parse(text.substr(0, size))));
      text.erase(0, size);
    }
  }

  asio::awaitable<void> obey(json command) {
    const std::string what = command.at("do");
    if (what == "connect") return connect(std::move(command));
    if (what == "list") return list(std::move(command));
    if (what == "watch") return watch(std::move(command));
    if (what == "transact") return transact(std::move(command));
    if (what == "grant" || what == "keep") return lease(std::move(command));
    if (what == "members") return members(std::move(command));
    return at_once(std::move(command));
  }

  asio::awaitable<void> at_once(json command) {
    const std::string what = command.at("do");
    if (what == "ask") watches_.at(command.at("watch"))->ask_progress();
    if (what == "unwatch") watches_.erase(command.at("watch").get<int>());
    if (what == "close") engine(command).close();
    if (what == "forget") engines_.erase(command.at("engine").get<int>());
    co_return;
  }

  fleet::Engine& engine(const json& command) { return *engines_.at(command.at("engine")); }

  asio::awaitable<void> connect(json command) {
    auto engine = co_await connect_(command.at("endpoint"));
    say(command["id"], engine ? json::object() : shown(engine.error()));
    if (engine) engines_[command["id"]] = *std::move(engine);
  }

  asio::awaitable<void> list(json command) {
    const auto listing = co_await engine(command).list(command.at("prefix"));
    if (!listing) co_return say(command["id"], shown(listing.error()));
    json what = shown(listing->stand);
    what["count"] = listing->keys.size();
    if (!command.value("count", false)) what["keys"] = shown(listing->keys);
    say(command["id"], what);
  }

  asio::awaitable<void> watch(json command) {
    const int id = command.at("id");
    fleet::Watch& watch =
        *(watches_[id] = engine(command).watch(command.at("prefix"), command.at("from")));
    for (;;) {
      const auto news = co_await watch.next();
      if (!news) co_return say(id, shown(news.error()));
      json what = shown(news->stand);
      what["changes"] = shown(news->changes);
      say(id, what);
    }
  }

  asio::awaitable<void> transact(json command) {
    const auto committed = co_await engine(command).transact(transaction_in(command));
    if (!committed) co_return say(command["id"], shown(committed.error()));
    json what = shown(committed->stand);
    what["done"] = committed->done;
    say(command["id"], what);
  }

  asio::awaitable<void> lease(json command) {
    fleet::Engine& etcd = engine(command);
    const auto lease =
        command.at("do") == "grant"
            ? co_await etcd.grant(std::chrono::seconds(command.at("seconds").get<int>()))
            : co_await etcd.keep_alive(command.at("lease"));
    say(command["id"],
        lease ? json{{"lease", lease->id}, {"left", lease->left.count()}} : shown(lease.error()));
  }

  asio::awaitable<void> members(json command) {
    const auto members = co_await engine(command).members();
    if (!members) co_return say(command["id"], shown(members.error()));
    json what = json::object();
    for (const auto& member : *members)
      what["members"][member.name] = member.urls;
    say(command["id"], what);
  }

  asio::io_context& loop_;
  fleet::Connect connect_;
  std::map<int, std::unique_ptr<fleet::Engine>> engines_;  // by the ids of the commands
  std::map<int, std::unique_ptr<fleet::Watch>> watches_;
  Scope scope_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  fleet::EtcdFiles files;
  if (!words.empty()) files.ca = words[0];
  if (words.size() > 2) {
    files.certificate = words[1];
    files.key = words[2];
  }
  asio::io_context loop;
  Client client(loop, files);
  loop.run();
  return 0;
}
