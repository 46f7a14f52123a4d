// Speaks D-Bus without a bus on a peer connection, as far as a lookup needs it. Bytes in, bytes
// out; no socket, so that it can be tested and fuzzed by itself.
//
// Own code stands here instead of sd-bus, which answers the same, but spends 25 system calls and
// two wake-ups of the program on a connection that lives for one lookup, and takes messages of 128
// MiB from anybody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libnss_hlb/name.h"
#include "libnss_hlb/record.h"

namespace hlb::publish {

class PeerProtocol {
 public:
  // Finds the record that answers a name; not valid if no service has the name. Its bytes are
  // copied at once. While the record is undecided the reply waits.
  using Find = std::function<record::View(const Name&)>;

  explicit PeerProtocol(const Find& find) : find_(find) {}  // `find` must outlive it

  // The space for received bytes; empty when the program has sent more than any lookup takes.
  std::span<std::uint8_t> space() { return std::span(received_).subspan(size_); }

  // Takes `count` bytes written to space(). Returns false when the program broke the protocol:
  // nothing more is to be read from it.
  bool take(std::size_t count);

  // Looks up again for a reply that waits.
  void answers_changed();

  // The bytes to send; sent() takes those away that were.
  std::span<const std::uint8_t> output() const { return output_; }
  void sent(std::size_t count);

 private:
  enum class Stage : std::uint8_t { credentials, authentication, messages };
  struct Call {
    std::uint32_t serial = 0;
    std::string name;
  };

  bool advance();
  bool take_line();
  bool take_message();
  bool obey(std::string_view line);
  bool handle(std::span<const std::uint8_t> message);
  bool look_up(Call call);
  void reply(const Call& call, const record::View& record);
  void refuse(std::uint32_t serial, std::string_view error, std::string_view text);
  void say(std::string_view line);
  std::uint8_t* grow(std::size_t size);
  void consume(std::size_t count);

  const Find& find_;
  Stage stage_ = Stage::credentials;
  std::optional<Call> waiting_;
  std::vector<std::uint8_t> output_;
  std::size_t size_ = 0;
  std::array<std::uint8_t, 2048> received_;  // the first size_ are set; a lookup takes about 300
};

}  // namespace hlb::publish
