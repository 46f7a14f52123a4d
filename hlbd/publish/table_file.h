// Puts tables in place: the file that programs map, its lease, and its succession.
//
// Beside `table` the folder may have `table.new`, the next table while it is made, then the table
// before, which keeps that name until its room is given back; and `table.spare`, the room for the
// next table. So any hlbd that finds an old table can end it, and a full file system keeps no
// change from being published.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "publish/live_table.h"
#include "system/file_descriptor.h"
#include "system/file_stamp.h"

namespace hlb::publish {

// A file mapped for writing, for as long as this lives.
class MappedFile {
 public:
  MappedFile() = default;  // maps no file
  // Throws std::system_error.
  MappedFile(int file, std::size_t size);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<std::uint8_t> bytes() const { return bytes_; }

 private:
  std::span<std::uint8_t> bytes_;
};

// Used by hlbd's loop alone. Errors of the file system are thrown as std::system_error; the table
// published before then stands as it did.
class TableFile {
 public:
  using Monotonic = std::chrono::steady_clock;

  explicit TableFile(const std::filesystem::path& folder);
  ~TableFile();

  // Makes room for a table of that size, a part in each call, as for large tables that takes longer
  // than the rest of publish(). Returns true when all is there. To be called only once the table
  // before has rested, see rested_at().
  bool prepare(std::size_t size);

  // Gives up a table that was prepared: its room stays reserved for the next one.
  void give_up_draft();

  // Puts a table with these bytes in place, with a fresh lease, then marks the table that stood
  // there as superseded, also if it is the predecessor's, of whatever version. For a large table
  // prepare() is to be called before; without it the table before must have rested, too.
  void publish(std::span<const std::uint8_t> table);

  // The time from which prepare() and publish() may be called: programs that turned late to the
  // latest table may still read the table before.
  Monotonic::time_point rested_at() const { return rested_at_; }

  // Extends the lease; to be called several times within it. Gives the room of an old table back
  // when nobody can be reading it any longer, and reserves the room for the next table. Returns
  // false if this table doesn't stand in its place any more, was cut, or its head was changed.
  bool renew();

  // Whether somebody may have written to the table since the last call: the file has other times.
  // That may also come of hlbd's own stores, now and then.
  bool may_be_written_to() { return !looked_at(); }

  // Has programs ask hlbd rather than read a table that others have harmed; nothing is published
  // any more until the next publish().
  void give_up();

  // The published table; no bytes before the first publish().
  LiveTable live() { return LiveTable(table_.bytes()); }
  std::span<const std::uint8_t> published() const { return table_.bytes(); }

  // Has programs ask hlbd instead of reading the predecessor's table, before the first publish().
  void supersede_predecessor() const;

 private:
  class Draft;

  Draft& draft_of(std::size_t size);
  void extend_lease(LiveTable table);
  void end_old_table();
  void reserve_spare() const;
  bool stands() const;
  bool looked_at();  // returns whether it looks as it did the last time

  std::filesystem::path path_;
  std::filesystem::path old_;  // the table before, or the next while it is made
  std::filesystem::path spare_;
  MappedFile table_;
  std::unique_ptr<Draft> draft_;  // the next table, if it was prepared
  FileDescriptor file_{-1};
  FileStamp seen_{};  // of the table's file
  std::uint64_t lease_until_ns_ = 0;
  Monotonic::time_point rested_at_;
  std::optional<Monotonic::time_point> end_old_at_;  // unset: there is no old table
};

// Marks the table in `folder` as that of an hlbd that was removed from this machine.
void retire_table(const std::filesystem::path& folder);

}  // namespace hlb::publish
