// org.hlb1.Resolver at /org/hlb1. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "bus/directory.h"

namespace hlb::bus {

class ResolverObject final : public sdbus::AdaptorInterfaces<org::hlb1::Resolver_adaptor> {
 public:
  ResolverObject(sdbus::IConnection& connection, const ResolveHandler& resolve);
  ~ResolverObject();
  ResolverObject(const ResolverObject&) = delete;
  ResolverObject& operator=(const ResolverObject&) = delete;

 private:
  using Reply = std::tuple<std::string, std::vector<std::string>>;

  Reply Resolve(const std::string& name, const std::int32_t& family) override;

  const ResolveHandler& resolve_;
};

}  // namespace hlb::bus
