#include "operators/control/reload_preview.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

#include "text/wording.h"

namespace hlb {
namespace {

std::string count_of(const ServiceSpec& service) {
  return text::counted(service.backends.size() + service.named.size(), "backend");
}

// The backends of a service, by address or name, and whether each is as in `other`.
template <typename Spec, typename Name>
void add_backends(std::string& said, const std::vector<Spec>& before, const std::vector<Spec>& now,
                  Name name) {
  const auto say = [&](const char* sign, const Spec& spec) {
    said += (said.empty() ? "" : " ") + (sign + name(spec));
  };
  const auto same_place = [&](const std::vector<Spec>& all, const Spec& spec) {
    return std::ranges::find_if(all, [&](const Spec& one) { return name(one) == name(spec); });
  };
  for (const Spec& each : now) {
    const auto found = same_place(before, each);
    if (found == before.end()) say("+", each);
    if (found != before.end() && !(*found == each)) say("~", each);
  }
  for (const Spec& each : before)
    if (same_place(now, each) == now.end()) say("-", each);
}

std::string backends_changed(const ServiceSpec& before, const ServiceSpec& now) {
  std::string said;
  add_backends(said, before.backends, now.backends,
               [](const BackendSpec& each) { return each.address.to_string(); });
  add_backends(said, before.named, now.named, [](const NamedBackends& each) { return each.name; });
  return said;
}

// "backends +10.0.0.3 -10.0.0.1; checks"
std::string differences(const ServiceSpec& before, const ServiceSpec& now) {
  std::string said;
  const auto say = [&said](const std::string& what) { said += (said.empty() ? "" : "; ") + what; };
  const std::string backends = backends_changed(before, now);
  if (!backends.empty()) say("backends " + backends);
  if (before.checks != now.checks) say("checks");
  if (before.aliases != now.aliases) say("aliases");
  ServiceSpec rest = before;
  rest.backends = now.backends;
  rest.named = now.named;
  rest.checks = now.checks;
  rest.aliases = now.aliases;
  if (rest != now) say("other settings");
  return said.empty() ? "the order of its backends" : said;
}

}  // namespace

std::vector<ServicePreview> preview_of(const ServiceChange& change) {
  std::vector<ServicePreview> previews;
  if (change.now == change.before) return previews;
  const std::span<const ServiceSpec> now = change.now->all();
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (change.same[i]) continue;
    const auto place = change.before->find(now[i].name);
    if (!place) {
      previews.push_back({now[i].name, "new", count_of(now[i])});
    } else {
      previews.push_back(
          {now[i].name, "changed", differences(change.before->all()[*place], now[i])});
    }
  }
  for (const ServiceSpec& each : change.before->all())
    if (!change.now->find(each.name)) previews.push_back({each.name, "gone", count_of(each)});
  return previews;
}

}  // namespace hlb
