#include "operators/control/override_control.h"

#include <spdlog/spdlog.h>

#include <cstdint>
#include <utility>

#include "health/target_list.h"
#include "operators/control/no_such_target.h"
#include "system/moment.h"

namespace hlb {
namespace {

constexpr std::size_t kMostWaiting = 256;

void replace(Overrides& overrides, const Overrides::Key& key, std::optional<Override> override) {
  if (override) {
    overrides.set(key, *std::move(override));
  } else {
    overrides.clear(key);
  }
}

}  // namespace

OverrideControl::OverrideControl(const std::filesystem::path& state_folder, Worker& worker,
                                 Monitor& monitor, const Clock& clock, Publish publish,
                                 OnTrouble on_trouble)
    : worker_(worker),
      monitor_(monitor),
      clock_(clock),
      publish_(std::move(publish)),
      on_trouble_(std::move(on_trouble)),
      file_(state_folder, kOverrideFile) {}

Present OverrideControl::present() const {
  return {clock_.now(), moment_now()};
}

void OverrideControl::restore() {
  auto loaded =
      file_.load([now = present()](std::string_view text) { return decode_overrides(text, now); });
  if (!loaded) {
    const auto& [reason, kept] = loaded.error();
    spdlog::warn("{}: no override is in force; {}", reason, kept);
    return;
  }
  for (auto& [key, override] : *loaded)
    monitor_.restore_override(key, std::move(override));
}

// ---- what is asked for -------------------------------------------------------------------------

void OverrideControl::set(bus::OverrideRequest request, Reply reply) {
  const std::uint32_t user = request.user;
  this->request({[this, request = std::move(request)] { return plan_to_set(request); }, user,
                 std::move(reply)});
}

void OverrideControl::clear(bus::ClearRequest request, Reply reply) {
  this->request({[this, target = std::move(request.target)] { return plan_to_clear(target); },
                 request.user, std::move(reply)});
}

tl::expected<OverrideControl::Edits, Refusal> OverrideControl::plan_to_set(
    const bus::OverrideRequest& request) const {
  Override override{.kind = request.kind,
                    .reason = request.reason,
                    .set_by = request.user,
                    .since = moment_now().wall,
                    .until = std::nullopt};
  if (request.duration.count() > 0) override.until = clock_.now() + request.duration;
  const TargetList targets(request.target);
  Edits edits;
  const auto add_those_of = [&](std::size_t place) {
    const std::string& service = monitor_.services()[place].name;
    for (const WatchedBackend& backend : monitor_.watched()[place].backends) {
      if (!targets.matches(service, backend.spec.address.to_string())) continue;
      override.state_then = backend.state;
      edits.push_back({{service, backend.spec.address}, override});
    }
  };
  if (const auto only = targets.only_services()) {
    for (const std::string& service : *only)
      if (const auto place = monitor_.find(service)) add_those_of(*place);
  } else {
    for (std::size_t i = 0; i < monitor_.services().size(); ++i)
      if (targets.may_mean(monitor_.services()[i].name)) add_those_of(i);
  }
  if (edits.empty()) return no_such_target(request.target);
  return edits;
}

tl::expected<OverrideControl::Edits, Refusal> OverrideControl::plan_to_clear(
    std::string_view target) const {
  const TargetList targets(target);
  Edits edits;
  for (const auto& [key, override] : monitor_.overrides().all()) {
    if (targets.matches(key.service, key.backend.to_string()))
      edits.emplace_back(key, std::nullopt);
  }
  if (edits.empty()) return refuse_target(target, why_nothing_to_clear(targets));
  return edits;
}

const char* OverrideControl::why_nothing_to_clear(const TargetList& targets) const {
  for (const auto& [key, override] : monitor_.fleet_overrides().all()) {
    if (targets.matches(key.service, key.backend.to_string()))
      return "no override of this host is in force on this, but the fleet's: add --fleet";
  }
  return "no override is in force on this";
}

// ---- what is kept ------------------------------------------------------------------------------

void OverrideControl::request(Request request) {
  if (waiting_.size() >= kMostWaiting) {
    return request.reply(not_kept("too many changes wait for the disk"));
  }
  waiting_.push_back(std::move(request));
  take_turn();
}

void OverrideControl::save() {
  unsaved_ = true;
  take_turn();
}

// Keeps all changes that wait, unless a write is under way: its end calls again.
void OverrideControl::take_turn() {
  if (writing_) return;
  Overrides overrides = monitor_.overrides();
  for (Request& request : std::exchange(waiting_, {})) {
    auto plan = request.plan();
    if (!plan) {
      request.reply(tl::unexpected(std::move(plan).error()));
      continue;
    }
    for (const auto& [key, override] : *plan)
      replace(overrides, key, override);
    changes_.push_back({*std::move(plan), request.user, std::move(request.reply)});
  }
  if (!changes_.empty() || unsaved_) keep(encode_overrides(overrides, present()));
}

void OverrideControl::keep(std::string text) {
  writing_ = true;
  unsaved_ = false;
  worker_.post([this, file = file_, text = std::move(text)] {
    std::string trouble = file.save(text);
    return [this, trouble = std::move(trouble)] { kept(trouble); };
  });
}

void OverrideControl::kept(const std::string& trouble) {
  writing_ = false;
  const std::string why = file_.in_words(trouble);
  on_trouble_(why);
  auto changes = std::exchange(changes_, {});
  if (why.empty()) {
    for (const Change& change : changes)
      put_in_force(change);
    publish_([changes = std::move(changes)] {
      for (const Change& change : changes)
        change.reply(static_cast<std::uint32_t>(change.edits.size()));
    });
  } else {
    for (const Change& change : changes)
      change.reply(not_kept("an override " + why));
  }
  if (!waiting_.empty() || unsaved_) take_turn();
}

void OverrideControl::put_in_force(const Change& change) {
  for (const auto& [key, override] : change.edits) {
    if (override) {
      monitor_.set_override(key, *override);
    } else {
      monitor_.clear_override(key, change.user);
    }
  }
}

}  // namespace hlb
