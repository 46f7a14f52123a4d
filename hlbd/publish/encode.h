// Verdicts as the bytes of a table. libnss_hlb/TABLE.md shows them by example.
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

// How long a lease lasts, several times as long as the time between two renewals: long enough to
// outlive a busy moment of hlbd, short enough to notice soon that it is gone.
inline constexpr std::chrono::milliseconds kLease{3000};

// Where glibc's sort puts an address: higher sorts first.
using Score = std::function<std::uint32_t(const Address&)>;

// The bytes of one service's record.
std::vector<std::uint8_t> encode_record(const ServiceVerdict& service, const Score& score);

// What holds for a table as a whole.
struct TableTraits {
  std::chrono::milliseconds max_stale{0};
  Network network;  // that the sort scores are of
};

// Makes the bytes of a table of all services, without a lease as yet, in as many steps as its user
// likes. Its answers outlive hlbd's last renewal by `max_stale`, and by a second at least. No two
// services share a name.
class TableEncoder {
 public:
  TableEncoder(std::span<const ServiceVerdict> services, const TableTraits& traits, Score score);

  // Adds up to `most` more of the same services, as their verdicts are by now. True when all are
  // there. Throws std::length_error when the table would be 4 GiB or more.
  bool add(std::span<const ServiceVerdict> services, std::size_t most);

  // Says of a service what its verdict is by now. False if the service has been added with other
  // backends than that: then all is to be made anew.
  bool tell(std::size_t service, const ServiceVerdict& verdict);

  std::vector<std::uint8_t> take() && { return std::move(bytes_); }

 private:
  std::size_t append(std::size_t size);
  void add(const ServiceVerdict& service);
  void add_name(std::string_view name, std::size_t place, std::size_t record, std::uint32_t flags);
  std::uint8_t* at_slot(std::uint64_t slot);
  void put_header();

  TableTraits traits_;
  Score score_;
  std::uint32_t slot_count_;
  std::uint32_t subdomains_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint32_t> records_;  // where that of each service stands, of those added
};

// All of it at once.
std::vector<std::uint8_t> encode_table(std::span<const ServiceVerdict> services,
                                       const TableTraits& traits, const Score& score);

// A published backend's address, as it went in.
Address address_of(const record::Backend& backend);

}  // namespace hlb::publish
