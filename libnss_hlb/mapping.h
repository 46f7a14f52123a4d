// This process's mapping of the table, shared by its threads.
//
// The table is mapped once and kept until a newer one stands. Nobody ever waits for anybody: a
// thread counts itself in and out of the mapping it reads, whoever finds a newer table puts it into
// a free place, and a thread that finds no place maps the table for itself alone.
//
// A fork may leave, in the child, a place that a thread of the parent was using: that place stays
// taken, at worst all of them, and the child then maps for each lookup. No lock can be left behind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libnss_hlb/table.h"

namespace hlb {

enum class Opening : std::uint8_t {
  mapped,
  no_table,  // or no table that hlbd alone can have written
  no_means,  // there is one, but no descriptor or memory left for it
};

// One table, mapped.
class Mapping {
 public:
  [[gnu::cold]] Opening open();  // maps the table that stands now
  void close();

  // Whether the table that stands now is still this one.
  bool is_newest() const;
  const table::View& view() const { return view_; }

 private:
  Opening map(int fd);

  table::View view_;
  void* start_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

inline constexpr int kNoPlace = -1;

// A lookup's hold of the newest table. Reading a table that is current reaches no cancellation
// point; a thread that is cancelled asynchronously even there leaves a place taken, as a fork does.
class BorrowedTable {
 public:
  // `now_ns`: CLOCK_BOOTTIME. A table that hlbd has left unrenewed is compared with the file, so
  // that the table of a restarted hlbd is found.
  explicit BorrowedTable(std::uint64_t now_ns);
  ~BorrowedTable();
  BorrowedTable(const BorrowedTable&) = delete;
  BorrowedTable& operator=(const BorrowedTable&) = delete;

  // Not valid when there is no table.
  const table::View& view() const { return mapping_->view(); }

  // Whether another table stands, which couldn't be mapped for want of a descriptor or of memory.
  bool may_be_outdated() const { return may_be_outdated_; }

  // Whether no other table stands in its place.
  bool is_newest() const { return mapping_->is_newest(); }

  // Turns to the table that stands, if that is another one and this one is no longer current.
  void refresh(std::uint64_t now_ns);

 private:
  bool join_current();
  bool good_enough(std::uint64_t now_ns) const;
  [[gnu::cold]] void remap();
  void leave_place();

  Mapping own_;  // when all places are taken
  const Mapping* mapping_ = &own_;
  int place_ = kNoPlace;  // of those that threads share
  bool may_be_outdated_ = false;
};

}  // namespace hlb
