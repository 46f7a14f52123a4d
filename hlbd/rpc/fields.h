// The fields of a protobuf message that came from outside. They are taken one by one, as little is
// needed of each message: no code is generated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string_view>

namespace hlb::rpc {

// Throws protozero::exception for bytes that are no message. A field of another type than expected
// is one that isn't known, and is passed over as those are.
class MessageFields {
 public:
  using Tag = protozero::pbf_tag_type;

  explicit MessageFields(std::string_view message) : fields_(message.data(), message.size()) {}

  // Goes to the next field, over the one at hand if that wasn't read.
  bool next() {
    if (unread_) skip();
    unread_ = fields_.next();
    return unread_;
  }

  Tag tag() const { return fields_.tag(); }
  // Whether the field at hand is this one.
  bool is_number(Tag tag) const { return is(tag, protozero::pbf_wire_type::varint); }
  bool is_bytes(Tag tag) const { return is(tag, protozero::pbf_wire_type::length_delimited); }

  // The value of the field at hand, which is a number.
  std::uint64_t number() {
    unread_ = false;
    return fields_.get_uint64();
  }
  // The value of the field at hand, which is bytes.
  std::string_view bytes() {
    const std::size_t left = fields_.length();
    unread_ = false;
    const protozero::data_view view = fields_.get_view();
    check_that_it_went_on(left);
    return {view.data(), view.size()};
  }

 private:
  bool is(Tag tag, protozero::pbf_wire_type type) const {
    return fields_.tag() == tag && fields_.wire_type() == type;
  }

  void skip() {
    const std::size_t left = fields_.length();
    unread_ = false;
    fields_.skip();
    check_that_it_went_on(left);
  }

  // A length of 2^31 or more leads protozero backwards where pointers have 32 bits.
  void check_that_it_went_on(std::size_t left) const {
    if (fields_.length() >= left) throw protozero::end_of_buffer_exception();
  }

  protozero::pbf_reader fields_;
  bool unread_ = false;
};

}  // namespace hlb::rpc
