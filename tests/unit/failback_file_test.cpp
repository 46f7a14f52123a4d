// What is kept of priorities that serve while better ones are held back.
#include "state/failback_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "folder.h"

namespace hlb {
namespace {

class FailbackFileTest : public testing::Test {
 protected:
  static SavedServing decoded(const std::string& text) {
    return std::get<SavedServing>(decode_serving(text));
  }
  static std::string fault(const std::string& text) {
    return std::get<Unusable>(decode_serving(text)).reason;
  }
};

TEST_F(FailbackFileTest, KeepsThePriorityOfEachService) {
  const SavedServing serving = {{"a.test", 65535}, {"db.test", 1}};
  EXPECT_EQ(decoded(encode_serving(serving)), serving);
  EXPECT_EQ(decoded(encode_serving({})), SavedServing{});
}

TEST_F(FailbackFileTest, IgnoresMembersOfALaterHlbd) {
  EXPECT_EQ(decoded(R"({"version":1,"more":[],"serving":[
                        {"service":"db.test","priority":1,"since":{}}]})"),
            (SavedServing{{"db.test", 1}}));
}

TEST_F(FailbackFileTest, TakesNothingWithAFlaw) {
  EXPECT_EQ(fault(""), "is no JSON, or only a part of it");
  EXPECT_EQ(fault("{"), "is no JSON, or only a part of it");
  EXPECT_EQ(fault(R"({"version":2})"), "is of version 2, not 1");
  const std::string other = "holds something else than what serves";
  for (const char* text : {"[]", "{}", R"({"version":1})", R"({"version":1,"serving":1})",
                           R"({"version":1,"serving":[{"service":"a"}]})",
                           R"({"version":1,"serving":[{"service":"a","priority":65536}]})",
                           R"({"version":1,"serving":[{"service":"a","priority":-1}]})",
                           R"({"version":1,"serving":[{"service":1,"priority":1}]})"})
    EXPECT_EQ(fault(text), other) << text;
}

TEST_F(FailbackFileTest, IsThereForTheNext) {
  const Folder folder;
  const FailbackFile file(folder.path() / "state");
  EXPECT_EQ(std::get<SavedServing>(file.load()), SavedServing{}) << "where there is none";
  EXPECT_EQ(file.save(encode_serving({{"db.test", 1}})), "");
  EXPECT_EQ(std::get<SavedServing>(file.load()), (SavedServing{{"db.test", 1}}));
  std::ofstream(file.path()) << "{";
  EXPECT_EQ(std::get<Unusable>(file.load()).reason,
            file.path().string() + " is no JSON, or only a part of it");
}

TEST_F(FailbackFileTest, SaysWhyItCantBeSaved) {
  const Folder folder;
  std::ofstream(folder.file("state")) << "no folder";
  EXPECT_EQ(FailbackFile(folder.file("state")).save("{}"), "Not a directory");
}

}  // namespace
}  // namespace hlb
