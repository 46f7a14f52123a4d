#include "ctl/what_there_is.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "ctl/terminal/text.h"

namespace hlb::ctl {
namespace {

// Asks of a name that is neither a service's nor an alias which service it is below; of an hlbd
// that doesn't tell aliases, it may be one as well.
void look_up_below(Client& client, std::span<const std::string> words, WhatThereIs& there) {
  for (const std::string& word : words) {
    const std::string name = name_in(word);
    const bool known = name.empty() || there.aliases.contains(name) ||
                       std::ranges::find(there.services, name) != there.services.end();
    if (known) continue;
    if (const auto service = client.service_of(name)) there.below.emplace(name, *service);
  }
}

}  // namespace

WhatThereIs what_there_is(Client& client, std::span<const std::string> words) {
  WhatThereIs there;
  for (ServiceReport& each : client.services())
    there.services.push_back(std::move(each.name));
  for (AliasReport& each : client.aliases())
    there.aliases.emplace(std::move(each.alias), std::move(each.service));
  if (std::ranges::any_of(words, concerns_backends)) {
    for (BackendReport& each : client.backends(""))
      there.backends.push_back({std::move(each.service), std::move(each.address), each.port});
  }
  look_up_below(client, words, there);
  return there;
}

Targets find_targets(std::span<const std::string> words, const WhatThereIs& there,
                     Purpose purpose) {
  auto targets = targets_of(words, there, purpose);
  if (targets) return *std::move(targets);
  Faults faults = std::move(targets).error();
  for (std::string& each : faults)
    each = printable(each);
  throw Failure(kTrouble, fmt::format("{}", fmt::join(faults, "\nhlbctl: ")));
}

Targets ask_targets(Client& client, std::span<const std::string> words, Purpose purpose) {
  if (words.empty()) return {};
  return find_targets(words, what_there_is(client, words), purpose);
}

void refuse_urls(std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (const std::string fault = fault_of_url(word); !fault.empty())
      throw Failure(kTrouble, printable(fmt::format("{}: {}", word, fault)));
  }
}

}  // namespace hlb::ctl
