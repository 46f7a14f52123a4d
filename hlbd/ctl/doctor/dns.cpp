// The part of services.h about DNS.
#include <fmt/format.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "ctl/doctor/aside.h"
#include "ctl/doctor/dns.h"
#include "ctl/doctor/services.h"
#include "text/address.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostAsked = 16;

// The first address of a reply; empty when the reply has no address.
std::string first_address(const std::uint8_t* bytes, int size) {
  ns_msg message{};
  if (size <= 0 || ns_initparse(bytes, size, &message) != 0) return "";
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return "";
    if (record.type != ns_t_a && record.type != ns_t_aaaa) continue;
    const auto address = Address::of_bytes({record.rdata, record.rdlength});
    if (address && address->is_ipv4() == (record.type == ns_t_a)) return address->to_string();
  }
  return "";
}

}  // namespace

void ask_dns(const std::vector<std::string>& names, const Tell& tell) {
  struct __res_state state{};
  if (::res_ninit(&state) != 0) return;
  state.retrans = 1;
  state.retry = 1;
  for (const std::string& name : names) {
    for (const int type : {ns_t_a, ns_t_aaaa}) {
      std::array<std::uint8_t, NS_MAXMSG> reply{};
      const int size =
          ::res_nquery(&state, name.c_str(), ns_c_in, type, reply.data(), reply.size());
      const std::string address =
          first_address(reply.data(), std::min(size, static_cast<int>(reply.size())));
      if (address.empty()) continue;
      tell(fmt::format("{} {}\n", name, address));
      break;
    }
  }
}

Findings check_dns(const NamesToCheck& names, const Published& table, const SourceOrder& order) {
  std::vector<std::string> asked;
  for (const std::string& name : names.names) {
    if (asked.size() == kMostAsked) break;
    if (!table.view().valid() || table.view().find(Name(name)).valid()) asked.push_back(name);
  }
  if (asked.empty()) return {};
  std::istringstream told(run_aside([&asked](const Tell& tell) { ask_dns(asked, tell); }).told);
  const bool first = order.asks_before_hlb("dns") || order.asks_before_hlb("resolve");
  Findings findings;
  std::string name;
  std::string address;
  while (told >> name >> address) {
    std::string what = fmt::format("DNS says that {} is {}", name, address);
    constexpr char kMend[] = "Remove the name from DNS, if you can.";
    findings.push_back(
        first ? fault("dns", std::move(what), "It is asked before hlb, and so hlb isn't.", kMend)
              : note("dns", std::move(what), "Who doesn't ask hlb gets that.", kMend));
  }
  return findings;
}

}  // namespace hlb::ctl::doctor
