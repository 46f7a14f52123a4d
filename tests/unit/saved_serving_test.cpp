// What is kept of priorities that serve while better ones are held back.
#include "state/saved_serving.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "folder.h"
#include "state/durable_file.h"

namespace hlb {
namespace {

class SavedServingTest : public testing::Test {
 protected:
  static SavedServing decoded(const std::string& text) { return decode_serving(text).value(); }
  static std::string fault(const std::string& text) { return decode_serving(text).error().reason; }
};

TEST_F(SavedServingTest, KeepsThePriorityOfEachService) {
  const SavedServing serving = {{"a.test", 65535}, {"db.test", 1}};
  EXPECT_EQ(decoded(encode_serving(serving)), serving);
  EXPECT_EQ(decoded(encode_serving({})), SavedServing{});
}

TEST_F(SavedServingTest, IgnoresMembersOfALaterHlbd) {
  EXPECT_EQ(decoded(R"({"version":1,"more":[],"serving":[
                        {"service":"db.test","priority":1,"since":{}}]})"),
            (SavedServing{{"db.test", 1}}));
}

TEST_F(SavedServingTest, TakesNothingWithAFlaw) {
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

TEST_F(SavedServingTest, IsThereForTheNext) {
  const Folder folder;
  const DurableFile file(folder.path() / "state", kFailbackFile);
  EXPECT_EQ(file.load(decode_serving), SavedServing{}) << "where there is none";
  EXPECT_EQ(file.save(encode_serving({{"db.test", 1}})), "");
  EXPECT_EQ(file.load(decode_serving), (SavedServing{{"db.test", 1}}));
  std::ofstream(file.path()) << "{";
  EXPECT_EQ(file.load(decode_serving).error().reason,
            file.path().string() + " is no JSON, or only a part of it");
}

TEST_F(SavedServingTest, OfNoUseIsPutAside) {
  const Folder folder;
  const DurableFile file(folder.path(), kFailbackFile);
  std::ofstream(file.path()) << "{ half";
  EXPECT_FALSE(file.load(decode_serving));
  EXPECT_FALSE(std::filesystem::exists(file.path()));
  std::ifstream kept(file.path().string() + ".unusable");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "{ half");
  EXPECT_EQ(file.load(decode_serving), SavedServing{}) << "and is not read again";
}

TEST_F(SavedServingTest, SaysWhyItCantBeSaved) {
  const Folder folder;
  std::ofstream(folder.file("state")) << "no folder";
  EXPECT_EQ(DurableFile(folder.file("state"), kFailbackFile).save("{}"), "Not a directory");
}

}  // namespace
}  // namespace hlb
