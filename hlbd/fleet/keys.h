// The layout of the fleet's keys in the engine, and its one home. Pure. Beyond the prefix and the
// version all hosts read what is below "c/", the catalog:
//   c/s/<service>            what a service is
//   c/b/<service>/<address>  one of its backends
//   c/x/<service>/<address>  an operator's word on a backend, for all hosts
//   c/accept                 what an operator has accepted, after the engine went back in time
//   log/<time>-<number>      who did what; read by people alone
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "system/moment.h"
#include "text/address.h"

namespace hlb::fleet {

// What a key is about.
struct KeySubject {
  enum class Kind : std::uint8_t {
    service,   // c/s/
    backend,   // c/b/
    override,  // c/x/
    accept,
    log,
    other,  // what this version doesn't know, and so leaves alone
  };

  Kind kind = Kind::other;
  std::string service{};  // in canonical form; of service, backend and override
  Address address{};      // of backend and override

  friend bool operator==(const KeySubject&, const KeySubject&) = default;
};

class KeyLayout {
 public:
  // `prefix` is that of FleetConfig, "/hlb".
  explicit KeyLayout(std::string_view prefix);

  // What all keys begin with that hosts follow: "/hlb/1/c/".
  const std::string& catalog() const { return catalog_; }
  const std::string& log() const { return log_; }  // "/hlb/1/log/"

  std::string service(std::string_view service) const;
  std::string backend(std::string_view service, const Address& address) const;
  std::string override(std::string_view service, const Address& address) const;
  std::string accept() const;
  // Keys of later entries come later; `number` tells those of a moment apart.
  std::string log_entry(WallTime at, unsigned number) const;

  // Only names and addresses in their canonical form are taken, so that nothing has two keys. Else
  // the fault, to follow brief() and ": ".
  tl::expected<KeySubject, std::string> parse(std::string_view key) const;

  // The key as people are shown it, without the prefix if it has that: "c/s/app.internal".
  std::string brief(std::string_view key) const;
  // The key that is shown so. Only for those that parse() takes.
  std::string whole(std::string_view brief) const { return root_ + std::string(brief); }

 private:
  std::string root_;  // "/hlb/1/"
  std::string catalog_;
  std::string log_;
};

}  // namespace hlb::fleet
