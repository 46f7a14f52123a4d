#include "publish/peer_protocol.h"

#include <algorithm>
#include <utility>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/message.h"

namespace hlb::publish {
namespace {

using message::Field;
using message::Type;

// The same id for every hlbd, as a program needn't tell them apart (D-Bus Specification, "UUIDs").
constexpr std::string_view kOk = "OK 686c6264000000000000000000000001";

constexpr std::string_view kUnknownMethod = "org.freedesktop.DBus.Error.UnknownMethod";
constexpr std::string_view kInvalidArgs = "org.freedesktop.DBus.Error.InvalidArgs";
constexpr std::string_view kLimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";

bool is_lookup(const message::Header& header) {
  return header.member == bus::kLookup && header.path == bus::kPath &&
         (header.interface.empty() || header.interface == bus::kPeerInterface);
}

}  // namespace

bool PeerProtocol::take(std::size_t count) {
  size_ += count;
  return advance();
}

// Handles all that has come in whole.
bool PeerProtocol::advance() {
  for (std::size_t before = 0; before != size_;) {
    before = size_;
    if (stage_ == Stage::credentials && size_ > 0) {
      if (received_[0] != 0) return false;
      consume(1);
      stage_ = Stage::authentication;
    }
    const bool good = stage_ == Stage::messages ? take_message() : take_line();
    if (!good) return false;
  }
  return size_ < received_.size();
}

bool PeerProtocol::take_line() {
  if (stage_ != Stage::authentication) return true;
  const std::string_view text(reinterpret_cast<const char*>(received_.data()), size_);
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return true;
  const bool good = obey(text.substr(0, end));
  consume(end + 2);
  return good;
}

// Lets every program in, whoever it says that it is, as anybody may look up.
bool PeerProtocol::obey(std::string_view line) {
  if (line == "BEGIN") {
    stage_ = Stage::messages;
  } else if (line == "AUTH EXTERNAL" || line == "AUTH ANONYMOUS") {
    say("DATA");
  } else if (line.starts_with("AUTH EXTERNAL ") || line.starts_with("AUTH ANONYMOUS ") ||
             line == "DATA" || line.starts_with("DATA ")) {
    say(kOk);
  } else if (line == "AUTH" || line.starts_with("AUTH ") || line == "CANCEL") {
    say("REJECTED EXTERNAL ANONYMOUS");
  } else {
    say("ERROR");  // also to NEGOTIATE_UNIX_FD
  }
  constexpr std::size_t kMostSaid = 1024;
  return output_.size() < kMostSaid;
}

bool PeerProtocol::take_message() {
  const std::span<const std::uint8_t> bytes(received_.data(), size_);
  const std::size_t needed = message::measure(bytes);
  if (needed == 0 || needed > received_.size()) return false;
  if (needed > size_) return true;
  const bool good = handle(bytes.first(needed));
  consume(needed);
  return good;
}

bool PeerProtocol::handle(std::span<const std::uint8_t> message) {
  message::Header header;
  if (!message::read_header(message, header)) return false;
  if (header.type != Type::method_call) return false;  // nothing else is of use here
  if ((header.flags & message::kNoReplyExpected) != 0) return true;
  if (!is_lookup(header)) {
    refuse(header.serial, kUnknownMethod, "there is nothing here but org.hlb1.Peer.Lookup");
    return true;
  }
  message::Reader reader(message, header.body);
  const std::string_view name = reader.string();
  if (header.signature != "s" || reader.failed()) {
    refuse(header.serial, kInvalidArgs, "Lookup takes a name, one string");
    return true;
  }
  return look_up({header.serial, std::string(name)});
}

bool PeerProtocol::look_up(Call call) {
  const record::View record = find_(Name(call.name));
  if (!record.valid()) {
    refuse(call.serial, bus::kNoSuchService, "no service has this name");
  } else if (!record.undecided()) {
    reply(call, record);
  } else if (waiting_) {
    refuse(call.serial, kLimitsExceeded, "one lookup is waiting on this connection already");
  } else {
    waiting_ = std::move(call);
  }
  constexpr std::size_t kMostWaiting = 262'144;  // from a program that asks and doesn't read
  return output_.size() < kMostWaiting;
}

void PeerProtocol::answers_changed() {
  if (waiting_) look_up(*std::exchange(waiting_, std::nullopt));
}

void PeerProtocol::reply(const Call& call, const record::View& record) {
  std::uint8_t* start = grow(message::kOverhead + record.bytes().size());
  message::Writer writer(start);
  writer.begin(Type::method_return, call.serial);
  writer.field(Field::reply_serial, call.serial);
  writer.field(Field::signature, 'g', "ay");
  writer.end_header();
  writer.bytes(record.bytes());
  writer.end_body();
  output_.resize(static_cast<std::size_t>(start - output_.data()) + writer.size());
}

void PeerProtocol::refuse(std::uint32_t serial, std::string_view error, std::string_view text) {
  std::uint8_t* start = grow(message::kOverhead + error.size() + text.size());
  message::Writer writer(start);
  writer.begin(Type::error, serial);
  writer.field(Field::reply_serial, serial);
  writer.field(Field::error_name, 's', error);
  writer.field(Field::signature, 'g', "s");
  writer.end_header();
  writer.string(text);
  writer.end_body();
  output_.resize(static_cast<std::size_t>(start - output_.data()) + writer.size());
}

void PeerProtocol::say(std::string_view line) {
  output_.insert(output_.end(), line.begin(), line.end());
  output_.insert(output_.end(), {'\r', '\n'});
}

// Makes room for `size` more bytes at the end of the output; returns where it starts.
std::uint8_t* PeerProtocol::grow(std::size_t size) {
  const std::size_t before = output_.size();
  output_.resize(before + size);
  return output_.data() + before;
}

void PeerProtocol::consume(std::size_t count) {
  std::copy(received_.begin() + static_cast<std::ptrdiff_t>(count),
            received_.begin() + static_cast<std::ptrdiff_t>(size_), received_.begin());
  size_ -= count;
}

void PeerProtocol::sent(std::size_t count) {
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace hlb::publish
