#include "system/whole_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "folder.h"

namespace hlb {
namespace {

constexpr uid_t kNobody = 65534;

// Files are replaced in a folder that can't be opened, so that fsync(2) has nothing to be called
// on, after all else has been done. That holds for no root.
class SealedFolder : public testing::Test {
 protected:
  SealedFolder() : user_(geteuid()) {
    std::filesystem::create_directory(folder_);
    if (user_ == 0) {
      EXPECT_EQ(chown(folder_.c_str(), kNobody, kNobody), 0);
    }
    std::filesystem::permissions(above_.path(), std::filesystem::perms{0755});
  }

  void become(uid_t user) const {
    if (user_ == 0) {
      EXPECT_EQ(seteuid(user), 0);
    }
  }

  std::error_code save(const std::string& text) {
    using std::filesystem::perms;
    std::filesystem::permissions(folder_, perms::owner_write | perms::owner_exec);
    become(kNobody);
    const auto saved = save_to_disk(path_, text);
    become(user_);
    std::filesystem::permissions(folder_, perms::owner_all);
    return saved ? std::error_code() : saved.error();
  }

  bool draft_is_left() const { return std::filesystem::exists(path_.string() + ".new"); }

  Folder above_;
  uid_t user_;
  std::filesystem::path folder_ = above_.path() / "state";
  std::filesystem::path path_ = folder_ / "file";
};

TEST_F(SealedFolder, LeavesTheFileAsItWasWhenItsFolderCantBeSynced) {
  write_file(path_, "before");
  EXPECT_EQ(save("after"), std::errc::permission_denied);
  EXPECT_EQ(read_whole(path_, 100), "before");
  EXPECT_FALSE(draft_is_left());
}

TEST_F(SealedFolder, LeavesNoFileWhereThereWasNone) {
  EXPECT_EQ(save("after"), std::errc::permission_denied);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(draft_is_left());
}

TEST(WholeFile, IsReplacedAndNothingElseIsLeft) {
  const Folder folder;
  for (const std::string text : {"a new one", "another in its place"}) {
    ASSERT_TRUE(save_to_disk(folder.file("file"), text));
    EXPECT_EQ(read_whole(folder.file("file"), 100), text);
    EXPECT_FALSE(std::filesystem::exists(folder.file("file.new")));
  }
}

}  // namespace
}  // namespace hlb
