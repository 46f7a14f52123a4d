// The ways by which a name is resolved on this machine, each asked separately.
#pragma once

#include <string>
#include <vector>

#include "ctl/command.h"
#include "libnss_hlb/record.h"
#include "libnss_hlb/table.h"

namespace hlb::ctl {

// The answer of one way. Without addresses `trouble` says why; with some it may say more.
struct PathAnswer {
  std::vector<std::string> addresses;
  std::string trouble;
};

// hlbd's published answers, mapped for as long as it lives.
class MappedTable {
 public:
  // Never throws: trouble() says why a file can't be used.
  explicit MappedTable(const std::filesystem::path& file);
  ~MappedTable();
  MappedTable(const MappedTable&) = delete;
  MappedTable& operator=(const MappedTable&) = delete;

  // Why there is no table, or none that can be read; empty when there is one.
  const std::string& trouble() const { return trouble_; }
  const table::View& view() const { return view_; }

 private:
  std::string trouble_;
  table::View view_;
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

// Chooses addresses as the module would now, without hlbd where that doesn't renew the table.
// `record`, of the name, may be not valid.
struct TableAnswer : PathAnswer {
  bool vouched = true;     // the table's word on who is up counts
  bool left_next = false;  // the next source is let to answer
  bool asks_hlbd = false;  // whose word alone counts
};
TableAnswer ask_table(const MappedTable& table, const record::View& record);

// Calls getaddrinfo(3) as any program does, for two seconds at most. `by_hlb`: the module gave the
// answer, or the lack of one. That is so when the name `is_hlbs`, a service's that the module
// leaves to no other source, and glibc has loaded the module, as it does when the sources before it
// had none.
struct LibcAnswer : PathAnswer {
  bool by_hlb = false;
};
LibcAnswer ask_libc(const std::string& name, bool is_hlbs);

std::string address_of(const record::Backend& backend);

}  // namespace hlb::ctl
