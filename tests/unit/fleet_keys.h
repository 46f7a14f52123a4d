// What the tests of the fleet's keys share: a configuration, and changes of keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "fleet/engine.h"

namespace hlb::fleet {

inline Address address_of_test(std::string_view text) {
  return Address::parse(text).value();
}

// A host that takes *.internal and app.test, and addresses of 10.0.0.0/8 and fd00::/8.
inline FleetConfig some_fleet() {
  return {.etcd = {"http://127.0.0.1:2379"},
          .names = {"*.internal", "app.test"},
          .allow = {{address_of_test("10.0.0.0"), 8}, {address_of_test("fd00::"), 8}},
          .ca = {},
          .certificate = {},
          .key = {}};
}

// By brief keys: "c/s/app.internal".
inline Change put(const std::string& key, const std::string& value) {
  return {"/hlb/1/" + key, value};
}

inline Change gone(const std::string& key) {
  return {"/hlb/1/" + key, std::nullopt};
}

inline constexpr char kTcpService[] = R"({"v":1,"check":{"type":"tcp","port":80}})";
inline constexpr char kPlainBackend[] = R"({"v":1})";

}  // namespace hlb::fleet
