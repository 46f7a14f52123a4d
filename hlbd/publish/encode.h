// Encodes verdicts as the bytes of a table. libnss_hlb/TABLE.md shows them by example.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "health/verdict.h"
#include "libnss_hlb/network.h"
#include "libnss_hlb/record.h"

namespace hlb::publish {

// The length of a lease, several times the time between two renewals: long enough to outlive a busy
// moment of hlbd, short enough to notice soon that it is gone.
inline constexpr std::chrono::milliseconds kLease{3000};

// Returns the sort score of an address: glibc's sort puts higher scores first.
using Score = std::function<std::uint32_t(const Address&)>;

// Returns the bytes of a service's record.
std::vector<std::uint8_t> encode_record(const ServiceVerdict& service, const Score& score);

// Traits of a table as a whole.
struct TableTraits {
  std::chrono::milliseconds max_stale{0};
  Network network;  // of the sort scores
};

// Makes the bytes of a table of all services, without a lease as yet, in as many steps as the
// caller likes. The table's answers outlive hlbd's last renewal by `max_stale`, and by a second at
// least. Services mustn't share a name.
class TableEncoder {
 public:
  TableEncoder(std::span<const ServiceVerdict> services, const TableTraits& traits, Score score);

  // Adds up to `most` more of the same services, with the verdicts of now. Returns true once all
  // are there. Throws std::length_error when the table would be 4 GiB or more.
  bool add(std::span<const ServiceVerdict> services, std::size_t most);

  // Puts the newest verdict of a service in. Returns false if the service has been added with other
  // backends: then all is to be made anew.
  bool tell(std::size_t service, const ServiceVerdict& verdict);

  std::vector<std::uint8_t> take() && { return std::move(bytes_); }

 private:
  std::size_t append(std::size_t size);
  void add(const ServiceVerdict& service);
  void add_exception(const std::string& name);
  void add_name(std::string_view name, std::size_t place, std::size_t record, std::uint32_t flags);
  std::uint8_t* at_slot(std::uint64_t slot);
  void put_header();

  TableTraits traits_;
  Score score_;
  std::uint32_t slot_count_;
  std::uint32_t subdomains_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint32_t> records_;  // offset of the record of each added service
};

// Makes a table at once.
std::vector<std::uint8_t> encode_table(std::span<const ServiceVerdict> services,
                                       const TableTraits& traits, const Score& score);

// Returns a published backend's address, as it went in.
Address address_of(const record::Backend& backend);

}  // namespace hlb::publish
