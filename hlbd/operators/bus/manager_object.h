// org.hlb1.Manager at /org/hlb1: what hlbd knows, and what can be changed. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/bus/authority.h"
#include "operators/bus/connection_lists.h"
#include "operators/bus/encoding.h"
#include "operators/bus/loop_side.h"
#include "operators/report.h"

namespace hlb::bus {

// Serves as the ObjectManager of the services and backends below it, too. Used by the bus's thread
// alone.
class ManagerObject final
    : public sdbus::AdaptorInterfaces<org::hlb1::Manager_adaptor, sdbus::ObjectManager_adaptor> {
 public:
  // The connection and the loop's side must outlive it. `on_ready` is called when answer_next() has
  // something to do.
  ManagerObject(sdbus::IConnection& connection, LoopSide& loop, std::function<void()> on_ready);
  ~ManagerObject();
  ManagerObject(const ManagerObject&) = delete;
  ManagerObject& operator=(const ManagerObject&) = delete;

  void announce(const Event& event);
  // Signals which properties have changed, if any has.
  void tell_overview();

  // Answers one of the calls whose answers may be long; returns whether there are more of these.
  bool answer_next() { return connection_lists_.answer_next(); }

 private:
  using Properties = std::map<std::string, sdbus::Variant>;
  using Counted = sdbus::Result<std::uint32_t>;
  using Previewed = sdbus::Result<std::vector<ServicePreviewRow::Struct>>;

  std::vector<ServiceRow::Struct> ListServices() override;
  std::vector<ServingRow::Struct> ListServing() override;
  std::vector<BackendRow::Struct> ListBackends(const std::string& service) override;
  std::vector<LeftOutRow::Struct> ListLeftOut(const std::string& service) override;
  Properties GetBackend(const std::string& service, const std::string& address) override;
  Properties GetFleet() override;
  std::string FindService(const std::string& name) override;
  std::vector<AliasRow::Struct> ListAliases() override;
  std::vector<PreviewRow::Struct> PreviewOverride(const std::string& target,
                                                  const std::string& kind) override;
  std::vector<NamedValues> GetEvents(const std::uint32_t& most) override;
  std::vector<EventRow::Struct> ListEvents(const std::uint32_t& most) override;
  void SetOverride(Counted&& result, std::string target, std::string kind, std::uint64_t duration,
                   std::string reason) override;
  void ClearOverride(Counted&& result, std::string target) override;
  void Failback(Counted&& result, std::string service) override;
  void Reload(sdbus::Result<>&& result) override;
  void ListConnections(ConnectionLists::Result&& result, std::string service) override;
  void PreviewReload(Previewed&& result) override;
  void CloseConnections(Counted&& result, std::string target, std::uint64_t idle_us) override;

  std::string Version() override { return loop_.identity().version; }
  std::string ConfigFile() override { return loop_.identity().config_file; }
  std::uint64_t StartedAt() override;
  std::uint32_t Services() override { return loop_.overview().services; }
  std::uint32_t ServicesDown() override { return loop_.overview().services_down; }
  std::uint32_t Backends() override { return loop_.overview().backends; }
  std::uint32_t BackendsUp() override { return loop_.overview().backends_up; }
  std::vector<std::string> Degraded() override { return loop_.troubles(); }

  // Of all services for "". Throws the error for a service that there isn't.
  std::vector<BackendReport> backends_of(const std::string& service) const;

  // Calls to be answered later. A call whose answer comes when this is gone is forgotten: it refers
  // to the connection.
  template <typename Result>
  using Calls = std::shared_ptr<std::list<std::shared_ptr<Result>>>;

  // Keeps the call, and returns a function that answers it, by `answer`.
  template <typename Result, typename Answer>
  static auto answer_later(const Calls<Result>& calls, std::shared_ptr<Result> call, Answer answer);

  // Calls `act`, later, with the call and the user, if whoever sent this call may change things.
  template <typename Result, typename Act>
  void if_allowed(Result&& result, Act act);

  LoopSide& loop_;
  Overview told_;
  std::vector<std::string> told_troubles_;
  Calls<Counted> changes_ = std::make_shared<Calls<Counted>::element_type>();
  Calls<Previewed> previews_ = std::make_shared<Calls<Previewed>::element_type>();
  Calls<sdbus::Result<>> reloads_ = std::make_shared<Calls<sdbus::Result<>>::element_type>();
  ConnectionLists connection_lists_;
  Authority authority_;
};

}  // namespace hlb::bus
