#include "probes/file/folder_workers.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <set>

#include "tests/unit/gate.h"

namespace hlb::probes {
namespace {

using namespace std::chrono_literals;

class FolderWorkersTest : public testing::Test {
 protected:
  // The worker of this folder, which hangs at once, and which nobody has any more.
  Worker* hang(const std::string& folder, Gate& gate) {
    const auto worker = workers_.get({folder});
    EXPECT_TRUE(worker->post(gate.job()));
    gate.await_job();
    return worker.get();
  }

  boost::asio::io_context loop_{1};
  FolderWorkers workers_{loop_.get_executor()};
};

TEST_F(FolderWorkersTest, AreSharedByWhatIsInTheSameFolders) {
  const auto one = workers_.get({"/a"});
  const auto both = workers_.get({"/a", "/b"});
  EXPECT_EQ(workers_.get({"/a"}), one);
  EXPECT_EQ(workers_.get({"/b", "/a"}), both);
  EXPECT_NE(one, both);
}

TEST_F(FolderWorkersTest, DeliverToTheLoop) {
  bool delivered = false;
  const auto worker = workers_.get({"/a"});
  worker->post([&delivered] { return [&delivered] { delivered = true; }; });
  ASSERT_TRUE(worker->flush(10s));
  EXPECT_FALSE(delivered);
  loop_.poll();
  EXPECT_TRUE(delivered);
}

TEST_F(FolderWorkersTest, ThatHangAreStillThereForTheNextWhoComes) {
  Gate gate;
  const Worker* hung = hang("/a", gate);
  workers_.get({"/b"});
  EXPECT_EQ(workers_.get({"/a"}).get(), hung);
  gate.let_go();
}

TEST_F(FolderWorkersTest, AreNeverMoreThanTheirBoundThoughAllHangAndNobodyHasThem) {
  std::array<Gate, FolderWorkers::kMost> gates;
  std::set<Worker*> hung;
  for (Gate& gate : gates)
    hung.insert(hang("/" + std::to_string(hung.size()), gate));
  EXPECT_EQ(hung.size(), FolderWorkers::kMost);
  EXPECT_TRUE(hung.contains(workers_.get({"/one more"}).get()));
  EXPECT_TRUE(hung.contains(workers_.get({"/another"}).get()));
  for (Gate& gate : gates)
    gate.let_go();
}

TEST_F(FolderWorkersTest, GoWhenNobodyHasThemAndTheirWorkIsDone) {
  Gate gate;
  hang("/a", gate);
  const std::weak_ptr<Worker> worker = workers_.get({"/a"});
  gate.let_go();
  ASSERT_TRUE(worker.lock()->flush(10s));
  workers_.get({"/b"});
  EXPECT_TRUE(worker.expired());
}

}  // namespace
}  // namespace hlb::probes
