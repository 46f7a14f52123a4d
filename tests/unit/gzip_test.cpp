#include "operators/web/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace hlb::web {
namespace {

// The text whose compressed form this is.
std::string unzipped(std::string compressed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text;
  text.resize(10'000'000);
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

struct Zipped {
  std::string bytes;
  std::size_t parts = 0;
};

Zipped zipped(std::vector<std::string> parts) {
  const AddPart add_part = gzipped([parts, next = std::size_t{0}](std::string& to) mutable {
    if (next < parts.size()) to += parts[next];
    return next++ < parts.size();
  });
  Zipped result;
  while (add_part(result.bytes))
    ++result.parts;
  EXPECT_FALSE(add_part(result.bytes));
  return result;
}

TEST(Gzip, GivesTheTextBack) {
  EXPECT_EQ(unzipped(zipped({}).bytes), "");
  EXPECT_EQ(unzipped(zipped({"a", "", "bc"}).bytes), "abc");
}

TEST(Gzip, CompressesALongTextInManyParts) {
  std::string line = "a line of a text, and its number is ";
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += line + std::to_string(i) + "\n";
  const Zipped whole = zipped({text, text});
  EXPECT_EQ(unzipped(whole.bytes), text + text);
  EXPECT_LT(whole.bytes.size(), text.size() / 4);
  EXPECT_GT(whole.parts, 2 * text.size() / 20'000);
}

}  // namespace
}  // namespace hlb::web
