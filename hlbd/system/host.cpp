#include "system/host.h"

#include <systemd/sd-id128.h>
#include <unistd.h>

#include <array>

#include "text/hash.h"

namespace hlb {
namespace {

// Made up for hlbd: what a program shows of a machine-id is to be hashed with an id of its own.
constexpr sd_id128_t kApplication = {.bytes = {0xae, 0x22, 0x60, 0x45, 0xca, 0xc4, 0x44, 0x5a, 0xbf,
                                               0x53, 0xaa, 0x3d, 0x7e, 0x75, 0x1a, 0xae}};

}  // namespace

std::uint64_t host_identity() {
  sd_id128_t id{};
  if (sd_id128_get_machine_app_specific(kApplication, &id) >= 0) return id.qwords[0];
  if (sd_id128_get_boot_app_specific(kApplication, &id) >= 0) return id.qwords[0];
  const std::string name = host_name();
  return name.empty() ? 0 : text::fnv1a(name);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string boot_id() {
  sd_id128_t id{};
  if (sd_id128_get_boot(&id) < 0) return "";
  std::array<char, SD_ID128_STRING_MAX> text{};
  return sd_id128_to_string(id, text.data());
}

// FNV-1a, which phase() scatters.

}  // namespace hlb
