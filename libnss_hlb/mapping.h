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

// One table, mapped.
class Mapping {
 public:
  bool open();  // maps the table that stands now; false when there is none that can be read
  void close();

  // Whether the table that stands now is still this one.
  bool is_newest() const;
  const table::View& view() const { return view_; }

 private:
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
  // that a restarted hlbd's one is found.
  explicit BorrowedTable(std::uint64_t now_ns);
  ~BorrowedTable();
  BorrowedTable(const BorrowedTable&) = delete;
  BorrowedTable& operator=(const BorrowedTable&) = delete;

  // Not valid when there is no table. The newest that could be had: with no descriptor left to map
  // a newer one, it is the one before.
  const table::View& view() const { return mapping_->view(); }

 private:
  bool join_current();
  bool good_enough(std::uint64_t now_ns) const;
  void remap();
  void leave_place();

  Mapping own_;  // when all places are taken
  const Mapping* mapping_ = &own_;
  int place_ = kNoPlace;  // of those that threads share
};

}  // namespace hlb
