// The table in its place: the file that programs map, its lease, and its succession.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "libnss_hlb/bus.h"

namespace hlb::publish {

// Used by hlbd's loop alone. Errors of the file system are thrown as std::system_error; what was
// published before then stands as it did.
class TableFile {
 public:
  explicit TableFile(const std::filesystem::path& folder)
      : path_(folder / bus::kTableFile), draft_(path_.string() + ".new") {}
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  // Puts `table` in place with a fresh lease, then marks the one that stood there as superseded,
  // also if it is a predecessor's, of whatever version.
  void publish(std::span<const std::uint8_t> table);

  // Extends the lease; to be called several times within it. A table that somebody removed is put
  // back.
  void renew();

  // What is published, where programs see it; empty before the first publish(), and valid until the
  // next.
  std::span<const std::uint8_t> published() const { return {start_, size_}; }

 private:
  std::uint8_t* write_draft(std::span<const std::uint8_t> table) const;
  static void extend_lease(std::uint8_t* table);

  std::filesystem::path path_;
  std::filesystem::path draft_;
  std::uint8_t* start_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace hlb::publish
