#include "operators/control/closing_control.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "connections/rules.h"
#include "health/target_list.h"
#include "network/sock_diag.h"
#include "operators/control/no_such_target.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;

constexpr auto kTimePerStep = 1ms;

}  // namespace

// What an operator wants, and how far it is done.
struct ClosingControl::Work {
  bus::ClosingRequest request;
  TargetList targets;
  Reply reply;
  Services services;  // those in force when it began
  std::vector<std::size_t> with_close_ports;
  std::size_t service = 0;  // the next to be looked at
  std::size_t end = 0;      // of the services
  std::size_t backend = 0;  // of the service, the next
  bool meant = false;       // whether any backend is
  bool without_port = false;
  bool asked = false;
  std::optional<connections::PlacesInUse> used_by_others{};  // until the helper was asked
  std::vector<connections::Doomed> doomed{};
  std::vector<connections::Owner> owners{};  // of each doomed
  std::uint32_t ended = 0;

  bool at_end() const { return service >= end; }
};

ClosingControl::ClosingControl(boost::asio::any_io_executor executor, const Monitor& monitor,
                               connections::Closer& closer, OnClosed on_closed)
    : executor_(std::move(executor)),
      monitor_(monitor),
      closer_(closer),
      on_closed_(std::move(on_closed)),
      rest_(executor_) {}

void ClosingControl::close(bus::ClosingRequest request, Reply reply) {
  if (under_way_ >= kMostClosings) {
    return reply(refuse(Refusal::Kind::not_possible, "too many have connections ended"));
  }
  const TargetList targets(request.target);
  auto work = std::make_shared<Work>(
      Work{.request = std::move(request),
           .targets = targets,
           .reply = std::move(reply),
           .services = monitor_.list(),
           .with_close_ports = connections::services_with_close_ports(monitor_),
           .end = monitor_.services().size()});
  if (const auto only = targets.only_services(); only && only->size() == 1) {
    const auto place = monitor_.find(only->front());
    work->service = place.value_or(work->end);
    work->end = place ? *place + 1 : work->end;
  }
  ++under_way_;
  go_on(work);
}

void ClosingControl::go_on(const Shared& work) {
  if (work->services != monitor_.list()) {
    return finish(work, refuse(Refusal::Kind::not_possible,
                               "the configuration has changed meanwhile: try again"));
  }
  gather(*work);
  if (!work->doomed.empty()) return ask(work);
  if (!work->at_end()) {
    return boost::asio::post(executor_, scope_.guard([this, work] { go_on(work); }));
  }
  const std::string& target = work->request.target;
  if (!work->meant) return finish(work, no_such_target(target));
  if (work->asked) return finish(work, work->ended);
  const char* const why =
      work->without_port
          ? ": nothing says at which ports it is used, so no connection is ended; see close_ports"
          : ": another service has it in use at the same ports, so no connection is ended";
  finish(work, refuse(Refusal::Kind::not_possible, target + why));
}

// Gathers what the helper can be asked for at once, or what there is of it in a while.
void ClosingControl::gather(Work& work) const {
  const auto until = std::chrono::steady_clock::now() + kTimePerStep;
  if (!work.used_by_others) {
    work.used_by_others.emplace(connections::places_used_by_others(
        monitor_, work.with_close_ports,
        [this, &work](std::size_t service, const Address& backend) {
          return work.targets.matches(monitor_.services()[service].name, backend.to_string());
        }));
  }
  while (!work.at_end() && std::chrono::steady_clock::now() < until) {
    const bool meant = work.targets.may_mean(monitor_.services()[work.service].name);
    if (!meant || work.backend >= monitor_.watched()[work.service].backends.size()) {
      ++work.service;
      work.backend = 0;
      continue;
    }
    if (work.doomed.size() >= connections::kMostDoomed) return;
    gather_of(work, work.service, work.backend++);
  }
}

void ClosingControl::gather_of(Work& work, std::size_t service, std::size_t backend) const {
  const std::string& name = monitor_.services()[service].name;
  const BackendSpec& spec = monitor_.watched()[service].backends[backend].spec;
  if (!work.targets.matches(name, spec.address.to_string())) return;
  work.meant = true;
  work.without_port |= ports_used(monitor_.services()[service], spec).empty();
  for (const std::uint16_t port :
       connections::ports_to_clear(monitor_, service, spec, *work.used_by_others)) {
    work.doomed.push_back({.peer = {network::sock_diag::key_of(spec.address), port},
                           .idle_ms = work.request.idle.count()});
    work.owners.push_back({name, spec.address});
  }
}

// Asks for kMostDoomed at a time: a backend may have more ports than there was room for.
void ClosingControl::ask(const Shared& work) {
  const std::size_t count = std::min(work->doomed.size(), connections::kMostDoomed);
  const auto end = work->doomed.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<connections::Doomed> some(work->doomed.begin(), end);
  work->asked = true;
  work->used_by_others.reset();  // things may be others by then
  closer_.ender().end(std::move(some),
                      scope_.guard([this, work, count](const connections::Ender::Ended& ended) {
                        if (!ended)
                          return finish(work, refuse(Refusal::Kind::not_possible, ended.error()));
                        tell(*work, *ended);
                        const auto done = static_cast<std::ptrdiff_t>(count);
                        work->doomed.erase(work->doomed.begin(), work->doomed.begin() + done);
                        work->owners.erase(work->owners.begin(), work->owners.begin() + done);
                        boost::asio::post(executor_, scope_.guard([this, work] { go_on(work); }));
                      }));
}

void ClosingControl::tell(Work& work, const std::vector<std::uint32_t>& ended) const {
  connections::for_each_owner(
      work.owners, ended, [&](const connections::Owner& owner, std::uint32_t count) {
        work.ended += count;
        on_closed_({owner.service, owner.backend, count, work.request.user});
      });
}

void ClosingControl::finish(const Shared& work, const bus::Changed& changed) {
  --under_way_;
  rest_.expires_after(kRest);
  rest_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && under_way_ == 0) closer_.ender_was_used();
  }));
  work->reply(changed);
}

}  // namespace hlb
