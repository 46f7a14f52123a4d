#include "ctl/import/verify.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <iterator>

#include "config/hostname.h"
#include "ctl/import/dns_question.h"
#include "ctl/import/own_dnsmasq.h"

namespace hlb::ctl {

namespace {

using namespace std::chrono_literals;

using AddressSet = std::set<Address>;

constexpr auto kTimeout = 2s;
constexpr std::uint16_t kDnsPort = 53;
// Below a name, one that nothing is said of.
constexpr char kMadeUp[] = "hlbctl-made-up.";

bool is_null(const Address& address) {
  return std::ranges::all_of(address.bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string to_text(const AddressSet& addresses) {
  std::string text;
  for (const Address& each : addresses)
    text += (text.empty() ? "" : " ") + each.to_string();
  return text.empty() ? "no address" : text;
}

class Comparing {
 public:
  Comparing(const Endpoint& server, const std::vector<ImportedService>& services,
            const Entries& entries)
      : server_(server), services_(services) {
    for (const NamedAddress& each : entries.addresses())
      addresses_.emplace(each.name, each.address);
  }

  // A line about the name, if it has other addresses.
  std::optional<std::string> compare(const std::string& name) const {
    AddressSet theirs;
    for (const auto family : {Address::Family::ipv4, Address::Family::ipv6}) {
      // No answer is that of a server which dnsmasq asks in vain.
      const AddressSet answer = ask_dns(server_, name, family, kTimeout).value_or(AddressSet());
      theirs.insert(answer.begin(), answer.end());
    }
    const ImportedService* const service = services_.find(name);
    if (service == nullptr) return differs_from_next(name, theirs);
    const AddressSet ours(service->backends.begin(), service->backends.end());
    // To programs a null address is none.
    AddressSet usable = theirs;
    std::erase_if(usable, is_null);
    if (usable == ours) return std::nullopt;
    return name + ": " + to_text(ours) + " from hlb, " + to_text(theirs) + " from dnsmasq";
  }

 private:
  // What the next source says isn't known, and may well come from this dnsmasq; but not what these
  // files say.
  std::optional<std::string> differs_from_next(const std::string& name,
                                               const AddressSet& theirs) const {
    const bool of_files = std::ranges::any_of(theirs, [&](const Address& each) {
      return is_null(each) || addresses_.contains({name, each});
    });
    if (!of_files) return std::nullopt;
    return name + ": not hlb's, " + to_text(theirs) + " from dnsmasq";
  }

  Endpoint server_;
  ServiceNames services_;
  std::set<std::pair<std::string, Address>> addresses_;  // that the files give names
};

// Where the dnsmasq that runs answers programs on this host.
std::optional<Endpoint> endpoint_of(const DnsmasqSettings& settings) {
  Endpoint endpoint{Address::parse("127.0.0.1").value(), kDnsPort};
  const std::string& port = settings.port;
  if (!port.empty()) {
    const auto read = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (read.ec != std::errc() || endpoint.port == 0) return std::nullopt;
  }
  for (const std::string& text : settings.addresses) {
    const auto address = Address::parse(text);
    if (!address || is_null(*address)) continue;
    endpoint.address = *address;
    break;
  }
  return endpoint;
}

}  // namespace

ServiceNames::ServiceNames(const std::vector<ImportedService>& services) {
  for (const ImportedService& service : services) {
    names_[service.name] = &service;
    for (const std::string& alias : service.aliases)
      names_[alias] = &service;
    for (const std::string& name : service.except)
      names_[name] = nullptr;
  }
}

const ImportedService* ServiceNames::find(std::string_view name) const {
  auto found = names_.find(std::string(name));
  if (found != names_.end()) return found->second;
  for (std::size_t dot = 0; (dot = name.find('.')) != std::string_view::npos;) {
    name.remove_prefix(dot + 1);
    found = names_.find(std::string(name));
    if (found == names_.end()) continue;
    if (found->second == nullptr) return nullptr;
    if (found->second->subdomains && found->second->name == name) return found->second;
  }
  return nullptr;
}

std::vector<std::string> names_to_verify(const Entries& entries, const Imported& imported,
                                         bool all) {
  std::set<std::string> names;
  for (const ImportedService& service : imported.services) {
    names.insert(service.name);
    names.insert(service.aliases.begin(), service.aliases.end());
    if (all) names.insert(service.except.begin(), service.except.end());
  }
  if (all) {
    for (const NamedAddress& each : entries.addresses())
      names.insert(each.name);
    for (const NamedAlias& each : entries.aliases())
      names.insert(each.alias);
    for (const NamedStop& each : entries.stops())
      names.insert(each.name);
  }
  const std::vector<std::string> known(names.begin(), names.end());
  for (const std::string& name : known)
    if (config::parse_hostname(kMadeUp + name)) names.insert(kMadeUp + name);
  return {names.begin(), names.end()};
}

tl::expected<Verification, std::string> verify(const Dnsmasq& dnsmasq, const Entries& entries,
                                               const Imported& imported, bool all) {
  std::optional<Endpoint> server =
      dnsmasq.is_running ? endpoint_of(dnsmasq.settings) : std::nullopt;
  const bool answers = server && ask_dns(*server, "localhost", Address::Family::ipv4, kTimeout);
  std::optional<OwnDnsmasq> own;
  if (!answers) {
    auto started = OwnDnsmasq::start(dnsmasq.settings.about_names);
    if (!started) return tl::unexpected(started.error());
    own = std::move(*started);
    server = own->endpoint();
  }
  const Comparing comparing(*server, imported.services, entries);
  Verification verification{.server = own ? "one started with this configuration"
                                          : "the one at " + server->to_string()};
  for (const std::string& name : names_to_verify(entries, imported, all)) {
    const auto line = comparing.compare(name);
    if (line) verification.differ.push_back(*line);
    ++verification.names;
  }
  return verification;
}

}  // namespace hlb::ctl
