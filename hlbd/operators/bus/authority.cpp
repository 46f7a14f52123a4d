#include "operators/bus/authority.h"

#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "operators/bus/versions.h"

namespace hlb::bus {
namespace {

using namespace std::chrono_literals;

using Variants = std::map<std::string, sdbus::Variant>;

// Less than the two seconds that hlbctl waits for an answer to a question.
constexpr auto kTimeLimit = 1500ms;

std::optional<gid_t> group_named(const char* name) {
  const group* found = getgrnam(name);
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

// The reply of GetConnectionCredentials (D-Bus specification), empty for a sender that has gone.
struct Credentials {
  std::optional<std::uint32_t> user;
  std::vector<std::uint32_t> groups;
};

Credentials credentials_from(const Variants& reply) {
  Credentials credentials;
  if (const auto user = reply.find("UnixUserID"); user != reply.end()) {
    credentials.user = user->second.get<std::uint32_t>();
  }
  if (const auto groups = reply.find("UnixGroupIDs"); groups != reply.end()) {
    credentials.groups = groups->second.get<std::vector<std::uint32_t>>();
  }
  return credentials;
}

bool suffice(const Credentials& credentials, std::optional<gid_t> group) {
  if (credentials.user == 0U || credentials.user == geteuid()) return true;
  return group && std::ranges::find(credentials.groups, *group) != credentials.groups.end();
}

}  // namespace

Authority::Authority(sdbus::IConnection& connection)
    : group_(group_named(kGroup)),
      bus_(sdbus::createProxy(connection, BusName{"org.freedesktop.DBus"},
                              BusName{"/org/freedesktop/DBus"})),
      polkit_(sdbus::createProxy(connection, BusName{"org.freedesktop.PolicyKit1"},
                                 BusName{"/org/freedesktop/PolicyKit1/Authority"})) {}

void Authority::ask(const std::string& sender, Verdict verdict) {
  bus_->callMethodAsync("GetConnectionCredentials")
      .onInterface("org.freedesktop.DBus")
      .withTimeout(kTimeLimit)
      .withArguments(sender)
      .uponReplyInvoke(
          [this, sender, verdict = std::move(verdict)](CallError error, const Variants& reply) {
            const Credentials credentials = error ? Credentials() : credentials_from(reply);
            if (!credentials.user) return verdict(std::nullopt);
            if (suffice(credentials, group_)) return verdict(credentials.user);
            ask_polkit(sender, *credentials.user, verdict);
          });
}

// Allows what polkit's rules allow without a password: to ask somebody for one takes longer than a
// caller waits.
void Authority::ask_polkit(const std::string& sender, std::uint32_t user, const Verdict& verdict) {
  constexpr std::uint32_t kAskNobody = 0;
  const sdbus::Struct<std::string, Variants> subject{"system-bus-name",
                                                     Variants{{"name", sdbus::Variant(sender)}}};
  using Details = std::map<std::string, std::string>;
  polkit_->callMethodAsync("CheckAuthorization")
      .onInterface("org.freedesktop.PolicyKit1.Authority")
      .withTimeout(kTimeLimit)
      .withArguments(subject, std::string(kAction), Details(), kAskNobody, std::string())
      .uponReplyInvoke(
          [user, verdict](CallError error, const sdbus::Struct<bool, bool, Details>& reply) {
            const bool allowed = !error && std::get<0>(reply);
            verdict(allowed ? std::optional(user) : std::nullopt);
          });
}

}  // namespace hlb::bus
