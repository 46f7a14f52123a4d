#include "operators/web/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace hlb::web {
namespace {

constexpr std::size_t kInput = 16'384;  // bytes of the text in a part: a quarter of a millisecond
constexpr int kLevel = 1;               // a twelfth remains, where the slowest leaves a fifteenth
constexpr int kGzip = 15 + 16;          // the window's size, and gzip's header and trailer

// Compresses the text of `add_part_`, of which it never has more than one part.
class Compressor {
 public:
  explicit Compressor(AddPart add_part) : add_part_(std::move(add_part)) {
    const int result = deflateInit2(&stream_, kLevel, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
    if (result != Z_OK) throw std::bad_alloc();
  }
  ~Compressor() { deflateEnd(&stream_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  bool add_part(std::string& compressed) {
    if (done_) return false;
    if (!pending_.empty()) {
      pending_.erase(0, deflate_some(compressed, Z_NO_FLUSH));
    } else if (!add_part_(pending_)) {
      deflate_some(compressed, Z_FINISH);
      done_ = true;
    }
    return true;
  }

 private:
  // Returns how much of what is pending it took.
  std::size_t deflate_some(std::string& compressed, int flush) {
    const std::size_t size = std::min(pending_.size(), kInput);
    stream_.next_in = reinterpret_cast<Bytef*>(pending_.data());
    stream_.avail_in = static_cast<uInt>(size);
    do {
      stream_.next_out = output_.data();
      stream_.avail_out = static_cast<uInt>(output_.size());
      deflate(&stream_, flush);
      const auto* bytes = reinterpret_cast<const char*>(output_.data());
      compressed.append(bytes, output_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return size;
  }

  AddPart add_part_;
  z_stream stream_{};
  std::string pending_;  // text that isn't compressed yet
  std::array<Bytef, kInput> output_{};
  bool done_ = false;
};

}  // namespace

AddPart gzipped(AddPart add_part) {
  auto compressor = std::make_shared<Compressor>(std::move(add_part));
  return [compressor](std::string& text) { return compressor->add_part(text); };
}

}  // namespace hlb::web
