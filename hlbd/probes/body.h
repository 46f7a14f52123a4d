// The body of an HTTP response, for Beast's parser: counted, and its start kept where it is wanted.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hlb::probes {

inline constexpr std::size_t kMaxBody = 65536;  // what is read of a body at most

// A Body in the sense of Beast.
struct BoundedBody {
  // NOLINTBEGIN(readability-identifier-naming): Beast names them
  struct value_type {
    bool kept = false;
    std::string text;      // the first kMaxBody bytes, if kept
    std::size_t size = 0;  // of what has arrived
  };

  class reader {
   public:
    template <bool is_request, typename Fields>
    reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

    static void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) {
      error = {};
    }

    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      std::size_t count = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        take({static_cast<const char*>(buffer.data()), buffer.size()});
        count += buffer.size();
      }
      error = {};
      return count;
    }

    static void finish(boost::system::error_code& error) { error = {}; }

   private:
    void take(std::string_view part) {
      body_.size += part.size();
      if (body_.kept) body_.text += part.substr(0, kMaxBody - body_.text.size());
    }

    value_type& body_;
  };
  // NOLINTEND(readability-identifier-naming)
};

}  // namespace hlb::probes
