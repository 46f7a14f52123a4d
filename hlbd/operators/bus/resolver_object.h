// org.hlb1.Resolver at /org/hlb1. See org.hlb1(5).
#pragma once

#include <org.hlb1.adaptor.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "operators/bus/loop_side.h"

namespace hlb::bus {

// Used by the bus's thread alone. The connection and the loop's side must outlive it.
class ResolverObject final : public sdbus::AdaptorInterfaces<org::hlb1::Resolver_adaptor> {
 public:
  ResolverObject(sdbus::IConnection& connection, const LoopSide& loop);
  ~ResolverObject();
  ResolverObject(const ResolverObject&) = delete;
  ResolverObject& operator=(const ResolverObject&) = delete;

 private:
  using Reply = std::tuple<std::string, std::vector<std::string>>;

  Reply Resolve(const std::string& name, const std::int32_t& family) override;

  const LoopSide& loop_;
};

}  // namespace hlb::bus
