// Where a member of etcd serves its clients. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hlb::fleet::etcd {

struct MemberEndpoint {
  bool tls = false;
  std::string host;  // a name or an address
  std::uint16_t port = 0;

  // Takes "https://etcd1:2379", "http://10.0.0.1", "https://[fd99::1]:2379"; nullopt for all else.
  static std::optional<MemberEndpoint> parse(std::string_view text);

  std::string name() const;  // "etcd1:2379"

  friend bool operator==(const MemberEndpoint&, const MemberEndpoint&) = default;
};

}  // namespace hlb::fleet::etcd
