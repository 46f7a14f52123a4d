#include "fleet/snapshot.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_writer.hpp>

#include "rpc/fields.h"
#include "text/hash.h"

namespace hlb::fleet {
namespace {

using protozero::pbf_writer;

constexpr std::string_view kMagic = "hlbfleet";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kSumAt = 12;  // after the magic and the version
constexpr std::size_t kHeadSize = 20;

// The numbers of the fields; those of the times are in milliseconds since 1970.
struct Field {
  static constexpr protozero::pbf_tag_type kCluster = 1;
  static constexpr protozero::pbf_tag_type kRevision = 2;
  static constexpr protozero::pbf_tag_type kSeen = 3;
  static constexpr protozero::pbf_tag_type kLastSign = 4;
  static constexpr protozero::pbf_tag_type kLost = 5;
  static constexpr protozero::pbf_tag_type kHeldSince = 6;
  static constexpr protozero::pbf_tag_type kKey = 7;
  static constexpr protozero::pbf_tag_type kLastChange = 8;
  static constexpr protozero::pbf_tag_type kLastChangeAt = 9;
};
struct KeyField {
  static constexpr protozero::pbf_tag_type kName = 1;
  static constexpr protozero::pbf_tag_type kValue = 2;
  static constexpr protozero::pbf_tag_type kGood = 3;
  static constexpr protozero::pbf_tag_type kKeyRevision = 4;
  static constexpr protozero::pbf_tag_type kRefused = 5;
  static constexpr protozero::pbf_tag_type kHeld = 6;
};

template <typename Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (unsigned shift = 0; shift < sizeof number * 8; shift += 8)
    bytes += static_cast<char>(number >> shift & 0xffU);
  return bytes;
}

std::string head_of(std::string_view body) {
  return std::string(kMagic) + little_endian(kFormat) + little_endian(text::fnv1a(body));
}

// The fields of a message of this host's own, which knows their types: another one is a flaw.
class Fields {
 public:
  explicit Fields(std::string_view message) : fields_(message) {}

  bool next() { return fields_.next(); }
  protozero::pbf_tag_type tag() const { return fields_.tag(); }

  std::int64_t number() {
    if (!fields_.is_number(tag())) throw protozero::unknown_pbf_wire_type_exception();
    return static_cast<std::int64_t>(fields_.number());
  }
  WallTime time() { return WallTime(std::chrono::milliseconds(number())); }
  std::string_view bytes() {
    if (!fields_.is_bytes(tag())) throw protozero::unknown_pbf_wire_type_exception();
    return fields_.bytes();
  }

 private:
  rpc::MessageFields fields_;
};

SavedMirror::Key read_key(std::string_view message) {
  SavedMirror::Key read;
  for (Fields fields(message); fields.next();) {
    switch (fields.tag()) {
      case KeyField::kName:
        read.key = fields.bytes();
        break;
      case KeyField::kValue:
        read.kept.value = fields.bytes();
        break;
      case KeyField::kGood:
        read.kept.good = std::string(fields.bytes());
        break;
      case KeyField::kKeyRevision:
        read.kept.revision = fields.number();
        break;
      case KeyField::kRefused:
        read.kept.refused = fields.number() != 0;
        break;
      case KeyField::kHeld:
        read.kept.held = fields.number() != 0;
        break;
      default:
        break;
    }
  }
  return read;
}

tl::expected<SavedMirror, Unusable> read_body(std::string_view body) try {
  SavedMirror read;
  for (Fields fields(body); fields.next();) {
    switch (fields.tag()) {
      case Field::kCluster:
        read.position.cluster = static_cast<std::uint64_t>(fields.number());
        break;
      case Field::kRevision:
        read.position.revision = fields.number();
        break;
      case Field::kSeen:
        read.position.seen = fields.number();
        break;
      case Field::kLastSign:
        read.position.last_sign = fields.time();
        break;
      case Field::kLost:
        read.position.lost = fields.time();
        break;
      case Field::kHeldSince:
        read.position.held_since = fields.time();
        break;
      case Field::kLastChange:
        read.position.last_change.hash = static_cast<std::uint64_t>(fields.number());
        break;
      case Field::kLastChangeAt:
        read.position.last_change.at = fields.number();
        break;
      case Field::kKey:
        read.keys.push_back(read_key(fields.bytes()));
        break;
      default:
        break;
    }
  }
  for (std::size_t i = 1; i < read.keys.size(); ++i) {
    if (read.keys[i].key <= read.keys[i - 1].key)
      return tl::make_unexpected(Unusable{"has keys out of their order"});
  }
  if (read.position.revision < 0) return tl::make_unexpected(Unusable{"has no revision"});
  return read;
} catch (const protozero::exception&) {
  return tl::make_unexpected(Unusable{"is no message of protobuf"});
}

std::uint64_t millis(WallTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

LastChange LastChange::of(const Change& change) {
  return {.at = change.revision,
          .hash = text::fnv1a(change.value ? "=" + *change.value : "", text::fnv1a(change.key))};
}

SnapshotEncoder::SnapshotEncoder(const SavedPosition& position) : bytes_(kHeadSize, '\0') {
  pbf_writer fields(bytes_);
  fields.add_uint64(Field::kCluster, position.cluster);
  fields.add_int64(Field::kRevision, position.revision);
  fields.add_int64(Field::kSeen, position.seen);
  fields.add_uint64(Field::kLastChange, position.last_change.hash);
  fields.add_int64(Field::kLastChangeAt, position.last_change.at);
  fields.add_uint64(Field::kLastSign, millis(position.last_sign));
  fields.add_uint64(Field::kLost, millis(position.lost));
  fields.add_uint64(Field::kHeldSince, millis(position.held_since));
}

void SnapshotEncoder::add(const std::string& key, const KeptValue& kept) {
  pbf_writer fields(bytes_);
  pbf_writer each(fields, Field::kKey);
  each.add_bytes(KeyField::kName, key);
  each.add_bytes(KeyField::kValue, kept.value);
  if (kept.good) each.add_bytes(KeyField::kGood, *kept.good);
  each.add_int64(KeyField::kKeyRevision, kept.revision);
  if (kept.refused) each.add_uint64(KeyField::kRefused, 1);
  if (kept.held) each.add_uint64(KeyField::kHeld, 1);
}

void SnapshotEncoder::seal(std::string& bytes) {
  bytes.replace(0, kHeadSize, head_of(std::string_view(bytes).substr(kHeadSize)));
}

tl::expected<SavedMirror, Unusable> decode_snapshot(std::string_view bytes) {
  if (bytes.empty()) return SavedMirror();
  if (!bytes.starts_with(kMagic)) return tl::make_unexpected(Unusable{"is no snapshot of a fleet"});
  if (bytes.size() < kHeadSize) return tl::make_unexpected(Unusable{"is broken off"});
  if (bytes.substr(kMagic.size(), kSumAt - kMagic.size()) != little_endian(kFormat))
    return tl::make_unexpected(Unusable{"is of another version"});
  const std::string_view body = bytes.substr(kHeadSize);
  if (bytes.substr(0, kHeadSize) != head_of(body))
    return tl::make_unexpected(Unusable{"is damaged: its checksum is another one"});
  return read_body(body);
}

}  // namespace hlb::fleet
