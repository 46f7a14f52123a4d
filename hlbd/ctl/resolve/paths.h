// The ways by which a name is resolved on this machine, each asked for itself.
#pragma once

#include <string>
#include <vector>

#include "ctl/command.h"
#include "libnss_hlb/record.h"
#include "libnss_hlb/table.h"

namespace hlb::ctl {

// What one way gives. Without addresses `trouble` says why; it may say something beside them too.
struct PathAnswer {
  std::vector<std::string> addresses;
  std::string trouble;
};

// hlbd's published answers, mapped for as long as it lives.
class MappedTable {
 public:
  explicit MappedTable(const std::filesystem::path& file);
  ~MappedTable();
  MappedTable(const MappedTable&) = delete;
  MappedTable& operator=(const MappedTable&) = delete;

  // Why there is no table; empty when there is.
  const std::string& trouble() const { return trouble_; }
  const table::View& view() const { return view_; }

 private:
  std::string trouble_;
  table::View view_;
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

// What the module would choose now. `record` may be not valid.
PathAnswer ask_table(const MappedTable& table, const record::View& record);

// getaddrinfo(3), as any program calls it; `by_hlb` where the module gave the answer, or the lack
// of one. It is when glibc has loaded the module, which it does where the sources before it had
// none, and `is_service`: such a name the module leaves to no other source.
struct LibcAnswer : PathAnswer {
  bool by_hlb = false;
};
LibcAnswer ask_libc(const std::string& name, bool is_service);

std::string address_of(const record::Backend& backend);

}  // namespace hlb::ctl
