// Decides who may change something over the bus: root, hlbd's own user, members of the group hlb,
// and those to whom polkit, where it is installed, allows the action org.hlb1.manage.
#pragma once

#include <sdbus-c++/sdbus-c++.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hlb::bus {

// Used by the bus's thread alone. The connection must outlive it.
class Authority {
 public:
  // Called with the user ID, or nullopt for a sender that may not.
  using Verdict = std::function<void(std::optional<std::uint32_t> user)>;

  static constexpr char kGroup[] = "hlb";
  static constexpr char kAction[] = "org.hlb1.manage";
  static constexpr char kWhoMay[] =
      "only root and members of the group hlb may change anything, and whom polkit allows "
      "org.hlb1.manage";

  explicit Authority(sdbus::IConnection& connection);

  // Asks the bus whose connection has the unique name `sender`, and then polkit if need be.
  // `verdict` is called once, later and on the bus's thread, unless this goes before.
  void ask(const std::string& sender, Verdict verdict);

 private:
  void ask_polkit(const std::string& sender, std::uint32_t user, const Verdict& verdict);

  std::optional<gid_t> group_;  // the one named kGroup, if this host has it
  std::unique_ptr<sdbus::IProxy> bus_;
  std::unique_ptr<sdbus::IProxy> polkit_;
};

}  // namespace hlb::bus
