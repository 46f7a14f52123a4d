// hlbd as hlbctl sees it: org.hlb1 on the message bus, see org.hlb1(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "operators/report.h"

namespace hlb::ctl {

// What hlbd says of itself.
struct DaemonReport {
  std::string version;
  std::string config_file;
  WallTime started{};
  Overview overview;
  std::vector<std::string> degraded;  // a line each
};

// What the bus tells unasked. Both are called from within Client's functions.
struct EventListener {
  std::function<void(const Event&)> on_event;
  std::function<void(bool there)> on_presence;  // hlbd has joined or left the bus
};

// What a caller is to wait for between calls of process(), see poll(2).
struct Wanted {
  int descriptor = -1;
  short events = 0;
  int timeout_ms = -1;  // -1: none
};

// One connection to the bus. Each function throws a Failure that says why hlbd didn't do as asked,
// and what to do about it; none takes longer than kAnswerLimit to say that there is no answer, but
// for set_override(), clear_override(), fail_back() and reload(): somebody may have to be asked for
// a password first. They do find out within that limit that hlbd hangs.
class Client {
 public:
  explicit Client(const Settings& settings);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  DaemonReport daemon();
  std::vector<ServiceReport> services();
  // `service` as the configuration names it; "" for all. Of the override it has only the kind, and
  // nothing of suspicion and of who is held back: these are what complete() adds.
  std::vector<BackendReport> backends(const std::string& service);
  void complete(BackendReport& backend);
  std::string find_service(const std::string& name);
  std::vector<Event> events(std::uint32_t most);  // 0: all
  std::vector<std::string> resolve(const std::string& name);

  // What serves of services with a rule for that, by their names; nothing where hlbd is an older
  // one.
  std::map<std::string, std::string> serving();

  // All three return the number of backends concerned.
  std::uint32_t set_override(const std::string& target, const std::string& kind,
                             std::chrono::microseconds duration, const std::string& reason);
  std::uint32_t clear_override(const std::string& target);
  std::uint32_t fail_back(const std::string& service);
  void reload();

  // From now on; wanted() and process() are for this.
  void listen(EventListener listener);
  Wanted wanted() const;
  void process();

 private:
  class Link;
  template <typename Call>
  auto ask(Call call);
  template <typename Call>
  auto change(Call call);

  std::string bus_;
  std::unique_ptr<Link> link_;
};

}  // namespace hlb::ctl
