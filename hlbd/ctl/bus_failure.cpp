#include "ctl/bus_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hlb::ctl {
namespace {

constexpr char kStandard[] = "org.freedesktop.DBus.Error.";

// Compares the name without the prefix of standard errors. There are several names for each
// failure, as dbus-daemon, dbus-broker and sdbus-c++ don't agree on one.
template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& names, std::string_view name) {
  if (name.starts_with(kStandard)) name.remove_prefix(sizeof kStandard - 1);
  return std::ranges::find(names, name) != names.end();
}

// Whether nobody has the name org.hlb1.
bool nobody_there(std::string_view name) {
  static constexpr std::array<std::string_view, 2> kNames = {"ServiceUnknown", "NameHasNoOwner"};
  return is_one_of(kNames, name);
}

// Whether hlbd was asked, and gave no answer in time.
bool no_reply(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kNames = {"NoReply", "Timeout", "TimedOut"};
  return is_one_of(kNames, name);
}

// Whether hlbd lacks what it was asked for, as after an upgrade without a restart.
bool unknown_there(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kNames = {"UnknownMethod", "UnknownInterface",
                                                             "UnknownProperty", "UnknownObject"};
  return is_one_of(kNames, name);
}

// Whether hlbd says why it doesn't do as asked, by a standard error.
bool told_by_hlbd(std::string_view name) {
  static constexpr std::array<std::string_view, 2> kNames = {"InvalidArgs", "NotSupported"};
  return is_one_of(kNames, name);
}

// Whether the bus's policy, or polkit, forbids it.
bool refused(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kNames = {"AccessDenied", "AuthFailed",
                                                             "InteractiveAuthorizationRequired"};
  return is_one_of(kNames, name);
}

// Reading is allowed to all by hlbd's own policy, so that a refusal there has another cause.
Failure refusal(const BusError& error, bool change) {
  if (change) {
    return {
        kTrouble,
        "only root, members of the group hlb, and whom polkit allows org.hlb1.manage, may change "
        "what hlbd answers: try again with sudo"};
  }
  return {kUnreachable, fmt::format("the {} bus lets nobody ask hlbd for this: its policy, "
                                    "/usr/share/dbus-1/system.d/org.hlb1.conf, is of an older hlbd",
                                    error.bus)};
}

}  // namespace

Failure no_bus(const BusError& error) {
  return {kUnreachable, fmt::format("no {} bus: {}; lookups need none, but hlbctl does: "
                                    "see whether dbus.service runs",
                                    error.bus, error.message)};
}

Failure silent_bus(std::string_view bus) {
  return {kUnreachable,
          fmt::format("the {} bus doesn't answer: see whether dbus.service hangs", bus)};
}

Failure not_answered(const BusError& error, bool change) {
  if (nobody_there(error.name)) {
    return {kUnreachable,
            fmt::format("no hlbd on the {} bus: start it by `systemctl start hlbd`; if it ends "
                        "again, `hlbctl check-config` or `journalctl -u hlbd` says why",
                        error.bus)};
  }
  if (no_reply(error.name)) {
    return {kUnreachable,
            "hlbd doesn't answer: it hangs, or is overloaded; "
            "`systemctl restart hlbd` starts it anew"};
  }
  if (unknown_there(error.name)) {
    return {kUnreachable, fmt::format("the hlbd that runs is older than hlbctl {} and doesn't know "
                                      "what it was asked: `systemctl restart hlbd` starts the new "
                                      "one",
                                      HLB_VERSION)};
  }
  if (refused(error.name)) return refusal(error, change);
  if (error.name.starts_with("org.hlb1.") || told_by_hlbd(error.name))
    return {kTrouble, error.message};
  return {kUnreachable,
          fmt::format("hlbd can't be asked over the {} bus: {}", error.bus, error.message)};
}

}  // namespace hlb::ctl
