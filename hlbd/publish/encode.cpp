#include "publish/encode.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

#include "libnss_hlb/bytes.h"
#include "libnss_hlb/record.h"
#include "libnss_hlb/table.h"
#include "publish/live_record.h"

namespace hlb::publish {
namespace {

void put_backend(std::uint8_t* bytes, const BackendVerdict& backend, const Score& score) {
  namespace at = record::at;
  std::copy(backend.address.bytes.begin(), backend.address.bytes.end(), bytes + at::kAddress);
  store(bytes + at::kScopeId, backend.address.scope_id);
  store(bytes + at::kWeight, backend.weight);
  store(bytes + at::kSortScore, score(backend.address));
  store(bytes + at::kState, backend.published().word());
}

std::size_t record_size(const ServiceVerdict& service) {
  return record::at::kHeaderEnd + service.backends.size() * record::at::kBackendEnd +
         service.spec->name.size();
}

// Writes the record into `bytes`, which are zero and record_size() long.
void put_record(std::uint8_t* bytes, const ServiceVerdict& service, const Score& score) {
  namespace at = record::at;
  const std::string_view name = service.spec->name;
  const std::size_t name_offset = record_size(service) - name.size();
  store(bytes + at::kSize, static_cast<std::uint32_t>(record_size(service)));
  store(bytes + at::kWord, service.published().word());
  store(bytes + at::kHeaderSize, std::uint16_t{at::kHeaderEnd});
  store(bytes + at::kBackendSize, std::uint16_t{at::kBackendEnd});
  store(bytes + at::kBackendCount, static_cast<std::uint32_t>(service.backends.size()));
  store(bytes + at::kNameOffset, static_cast<std::uint32_t>(name_offset));
  store(bytes + at::kNameLength, static_cast<std::uint16_t>(name.size()));
  store(bytes + at::kMaxAddresses, service.spec->max_addresses);
  std::uint8_t* place = bytes + at::kHeaderEnd;
  for (const BackendVerdict& backend : service.backends) {
    put_backend(place, backend, score);
    place += at::kBackendEnd;
  }
  std::copy(name.begin(), name.end(), bytes + name_offset);
}

std::size_t exception_size(const std::string& name) {
  return record::at::kHeaderEnd + name.size();
}

// Writes the record of a name that is nobody's into `bytes`, which are zero and long enough.
void put_exception(std::uint8_t* bytes, std::string_view name) {
  namespace at = record::at;
  const record::Word word(record::AnswerMode::spread, record::WhenAllDown::next, 0);
  store(bytes + at::kSize, static_cast<std::uint32_t>(at::kHeaderEnd + name.size()));
  store(bytes + at::kWord, word.word());
  store(bytes + at::kHeaderSize, std::uint16_t{at::kHeaderEnd});
  store(bytes + at::kBackendSize, std::uint16_t{at::kBackendEnd});
  store(bytes + at::kNameOffset, std::uint32_t{at::kHeaderEnd});
  store(bytes + at::kNameLength, static_cast<std::uint16_t>(name.size()));
  store(bytes + at::kKind, static_cast<std::uint32_t>(record::Kind::exception));
  std::copy(name.begin(), name.end(), bytes + at::kHeaderEnd);
}

std::uint32_t slots_for(std::span<const ServiceVerdict> services) {
  std::size_t names = 0;
  for (const ServiceVerdict& service : services)
    names += 1 + service.spec->aliases.size() + service.spec->except.size();
  return std::bit_ceil(static_cast<std::uint32_t>(2 * names + 1));
}

std::size_t size_at_most(std::span<const ServiceVerdict> services, std::size_t slots) {
  std::size_t size = table::at::kHeaderEnd + slots * table::at::kSlotEnd;
  for (const ServiceVerdict& service : services) {
    size += record_size(service) + record::kAlignment;
    for (const std::string& alias : service.spec->aliases)
      size += alias.size() + record::kAlignment;
    for (const std::string& name : service.spec->except)
      size += exception_size(name) + record::kAlignment;
  }
  return size;
}

}  // namespace

// Lays the header and the slots out first, then each service's record, its aliases and exceptions.
TableEncoder::TableEncoder(std::span<const ServiceVerdict> services, const TableTraits& traits,
                           Score score)
    : traits_(traits), score_(std::move(score)), slot_count_(slots_for(services)) {
  bytes_.reserve(size_at_most(services, slot_count_));
  bytes_.resize(table::at::kHeaderEnd + slot_count_ * table::at::kSlotEnd);
  records_.reserve(services.size());
}

bool TableEncoder::add(std::span<const ServiceVerdict> services, std::size_t most) {
  const std::size_t first = records_.size();
  for (const ServiceVerdict& service :
       services.subspan(first, std::min(most, services.size() - first)))
    add(service);
  if (bytes_.size() > UINT32_MAX) throw std::length_error("a table of 4 GiB or more");
  if (records_.size() < services.size()) return false;
  put_header();
  return true;
}

bool TableEncoder::tell(std::size_t service, const ServiceVerdict& verdict) {
  return service >= records_.size() ||
         change_record(std::span(bytes_).subspan(records_[service]), verdict);
}

std::size_t TableEncoder::append(std::size_t size) {
  const std::size_t start =
      (bytes_.size() + record::kAlignment - 1) / record::kAlignment * record::kAlignment;
  bytes_.resize(start + size);
  return start;
}

void TableEncoder::add(const ServiceVerdict& service) {
  const ServiceSpec& spec = *service.spec;
  const std::size_t size = record_size(service);
  const std::size_t record = append(size);
  records_.push_back(static_cast<std::uint32_t>(record));
  put_record(bytes_.data() + record, service, score_);
  if (spec.subdomains) subdomains_ = table::kSubdomains;
  add_name(spec.name, record + size - spec.name.size(), record,
           spec.subdomains ? table::kSubdomains : 0);
  for (const std::string& alias : spec.aliases) {
    const std::size_t place = append(alias.size());
    std::copy(alias.begin(), alias.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(place));
    add_name(alias, place, record, 0);
  }
  for (const std::string& name : spec.except)
    add_exception(name);
}

void TableEncoder::add_exception(const std::string& name) {
  const std::size_t record = append(exception_size(name));
  put_exception(bytes_.data() + record, name);
  add_name(name, record + record::at::kHeaderEnd, record, table::kSubdomains);
}

void TableEncoder::add_name(std::string_view name, std::size_t place, std::size_t record,
                            std::uint32_t flags) {
  namespace at = table::at;
  const std::uint64_t hashed = hash(name);
  std::uint64_t slot = hashed;
  while (load<std::uint32_t>(at_slot(slot) + at::kSlotRecord) != 0)
    ++slot;
  store(at_slot(slot) + at::kSlotHash, static_cast<std::uint32_t>(hashed >> 32U));
  store(at_slot(slot) + at::kSlotRecord, static_cast<std::uint32_t>(record));
  store(at_slot(slot) + at::kSlotName, static_cast<std::uint32_t>(place));
  store(at_slot(slot) + at::kSlotNameLength, static_cast<std::uint16_t>(name.size()));
  store(at_slot(slot) + at::kSlotFlags, static_cast<std::uint16_t>(flags));
}

std::uint8_t* TableEncoder::at_slot(std::uint64_t slot) {
  return bytes_.data() + table::at::kHeaderEnd + (slot & (slot_count_ - 1)) * table::at::kSlotEnd;
}

void TableEncoder::put_header() {
  namespace at = table::at;
  using std::chrono::milliseconds, std::chrono::nanoseconds, std::chrono::seconds;
  const milliseconds lease = std::clamp<milliseconds>(traits_.max_stale, seconds(1), kLease);
  const milliseconds stale_for = std::max(traits_.max_stale - lease, milliseconds(0));
  std::uint8_t* header = bytes_.data();
  std::copy(std::begin(table::kMagic), std::end(table::kMagic), header + at::kMagic);
  store(header + at::kMajorVersion, table::kMajorVersion);
  store(header + at::kMinorVersion, table::kMinorVersion);
  store(header + at::kSize, std::uint64_t{bytes_.size()});
  store(header + at::kLease, static_cast<std::uint64_t>(nanoseconds(lease).count()));
  store(header + at::kStaleFor, static_cast<std::uint64_t>(nanoseconds(stale_for).count()));
  store(header + at::kSlotsOffset, std::uint32_t{at::kHeaderEnd});
  store(header + at::kSlotCount, slot_count_);
  store(header + at::kFlags, subdomains_);
  store(header + at::kServiceCount, static_cast<std::uint32_t>(records_.size()));
  store(header + at::kNetworkDevice, traits_.network.device);
  store(header + at::kNetworkInode, traits_.network.inode);
  store(header + at::kNetworkCookie, traits_.network.cookie);
}

std::vector<std::uint8_t> encode_record(const ServiceVerdict& service, const Score& score) {
  std::vector<std::uint8_t> bytes(record_size(service));
  put_record(bytes.data(), service, score);
  return bytes;
}

std::vector<std::uint8_t> encode_table(std::span<const ServiceVerdict> services,
                                       const TableTraits& traits, const Score& score) {
  TableEncoder encoder(services, traits, score);
  encoder.add(services, services.size());
  return std::move(encoder).take();
}

Address address_of(const record::Backend& backend) {
  Address address;
  address.family = static_cast<Address::Family>(backend.family());
  address.scope_id = backend.scope_id();
  std::copy_n(backend.address(), address.bytes.size(), address.bytes.begin());
  return address;
}

}  // namespace hlb::publish
