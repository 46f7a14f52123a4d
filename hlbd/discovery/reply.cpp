#include "discovery/reply.h"

#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "health/service.h"
#include "text/ascii.h"

namespace hlb::discovery {
namespace {

constexpr std::chrono::hours kLongestTtl{24};  // of no use here, and short enough for any sum

std::uint16_t number_at(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
}

ns_type wire_type(RecordType type) {
  if (type == RecordType::a) return ns_t_a;
  return type == RecordType::aaaa ? ns_t_aaaa : ns_t_srv;
}

std::optional<Address> read_address(const ns_rr& record) {
  const auto address = Address::of_bytes({record.rdata, record.rdlength});
  const bool usable = address && address->is_ipv4() == (record.type == ns_t_a) &&
                      address->is_single_host() && !address->is_ipv4_mapped() &&
                      !address->is_link_local();
  return usable ? address : std::nullopt;
}

// Escapes, which stand for all other bytes, are in no hostname; nor is the root, ".", which says
// that the service is decidedly not available (RFC 2782).
bool is_hostname(const std::string& name) {
  return !name.empty() && name != "." && std::ranges::all_of(name, text::is_of_hostname);
}

std::optional<SrvTarget> read_target(const ns_msg& message, const ns_rr& record) {
  constexpr std::size_t kName = 6;  // where it stands, behind three numbers
  std::array<char, NS_MAXDNAME> text{};
  if (record.rdlength <= kName) return std::nullopt;
  if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), record.rdata + kName,
                         text.data(), text.size()) < 0) {
    return std::nullopt;
  }
  std::string name = text::lower_case(text.data());
  if (!is_hostname(name)) return std::nullopt;
  return SrvTarget{.priority = number_at(record.rdata),
                   .weight = number_at(record.rdata + 2),
                   .name = std::move(name),
                   .port = number_at(record.rdata + 4)};
}

template <typename T>
void sort_and_bound(std::vector<T>& records, std::size_t most) {
  std::ranges::sort(records);
  const auto repeated = std::ranges::unique(records);
  records.erase(repeated.begin(), repeated.end());
  if (records.size() > most)
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(most), records.end());
}

void take(const ns_msg& message, const ns_rr& record, DnsAnswer& answer) {
  if (record.type == ns_t_srv) {
    if (auto target = read_target(message, record)) answer.targets.push_back(std::move(*target));
  } else if (const auto address = read_address(record)) {
    answer.addresses.push_back(*address);
  }
}

}  // namespace

DnsAnswer read_reply(RecordType type, std::span<const std::uint8_t> bytes) {
  constexpr const char* kBroken = "its reply can't be understood";
  ns_msg message{};
  if (ns_initparse(bytes.data(), static_cast<int>(bytes.size()), &message) != 0) {
    return DnsAnswer::failure(kBroken);
  }
  DnsAnswer answer{DnsAnswer::Kind::records, "", {}, {}, kLongestTtl};
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return DnsAnswer::failure(kBroken);
    answer.ttl = std::min(answer.ttl, std::chrono::seconds(record.ttl));
    if (record.rr_class == ns_c_in && record.type == wire_type(type)) take(message, record, answer);
  }
  sort_and_bound(answer.addresses, kMaxBackends);
  sort_and_bound(answer.targets, kMostTargets);
  if (answer.addresses.empty() && answer.targets.empty()) {
    return DnsAnswer::none(ns_msg_count(message, ns_s_an) == 0 ? "there are no such records"
                                                               : "no record is of use");
  }
  return answer;
}

}  // namespace hlb::discovery
