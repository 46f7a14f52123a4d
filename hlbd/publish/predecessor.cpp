#include "publish/predecessor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/clock.h"
#include "libnss_hlb/table.h"
#include "publish/encode.h"
#include "system/file_descriptor.h"

namespace hlb::publish {
namespace {

std::vector<std::uint8_t> read_table(const std::filesystem::path& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (status.st_size <= 0 || status.st_size > UINT32_MAX) return {};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  if (read(file.get(), bytes.data(), bytes.size()) != status.st_size) return {};
  return bytes;
}

}  // namespace

Predecessor::Predecessor(const std::filesystem::path& folder)
    : table_(read_table(folder / bus::kTableFile)) {
  const table::View view = table::View::over(table_);
  const bool trusted =
      view.valid() && view.freshness(read_clock(CLOCK_BOOTTIME)) != table::Freshness::expired;
  if (!trusted) table_.clear();
}

std::optional<Predecessor::Verdict> Predecessor::verdict_on(std::string_view service,
                                                            const Address& backend) const {
  const table::View view = table::View::over(table_);
  const record::View record = view.valid() ? view.find(Name(service)) : record::View();
  if (!record.valid() || record.name() != service) return std::nullopt;
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    if (address_of(record.backend(i)) != backend) continue;
    const record::BackendState state = record.state(i);
    return Verdict{.up = state.up() || state.suspect(), .withdrawn = state.withdrawn()};
  }
  return std::nullopt;
}

}  // namespace hlb::publish
