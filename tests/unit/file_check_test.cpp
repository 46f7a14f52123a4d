// The file check, with a real file that other programs write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/probes.h"
#include "probes/reason.h"
#include "tests/unit/folder.h"
#include "tests/unit/loopback.h"

namespace hlb::probes {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Result = Outcome::Result;

class FileCheckTest : public testing::Test {
 protected:
  // A check of 10.0.0.1:80.
  Outcome check(std::chrono::milliseconds max_age = 0ms) { return check_at(path_, 80, max_age); }

  Outcome check_at(const std::string& path, std::uint16_t port,
                   std::chrono::milliseconds max_age = 0ms) {
    return check_by({.path = path, .max_age = max_age}, port);
  }

  Outcome check_by(const FileCheck& check, std::uint16_t port = 80) {
    const Target target = target_by(check, port);
    return run(loop_, *file_probe(target, files_->get(check.path)));
  }

  static Target target_by(const FileCheck& check, std::uint16_t port = 80) {
    CheckSpec spec;
    spec.method = check;
    return {Address::parse("10.0.0.1").value(), port, std::make_shared<const CheckSpec>(spec),
            "app.test"};
  }

  ~FileCheckTest() override { files_->end(); }

  asio::io_context loop_{1};
  FolderWorkers workers_{loop_.get_executor()};
  Folder folder_;
  std::string path_ = folder_.file("backends");
  std::shared_ptr<WatchedFiles> files_ =
      std::make_shared<WatchedFiles>(loop_.get_executor(), workers_, OnFileChange());
};

TEST_F(FileCheckTest, PassesWhatTheFileCallsUp) {
  write_file(path_, "# today\n10.0.0.1 up\n");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_THAT(outcome.reason, EndsWith("backends:2: up"));
  EXPECT_EQ(outcome.advice, (Advice{100, false}));
}

TEST_F(FileCheckTest, FailsWhatTheFileCallsDownAndTellsWhy) {
  write_file(path_, "10.0.0.1\tDown  # disk full\r\n");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Outcome::Evidence::hard);
  EXPECT_THAT(outcome.reason, EndsWith("backends:1: Down  # disk full"));
}

TEST_F(FileCheckTest, PassesOnWhatTheFileAdvises) {
  write_file(path_, "10.0.0.1 drain 25%\n");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::passed);
  EXPECT_EQ(outcome.advice, (Advice{25, true}));
}

TEST_F(FileCheckTest, TakesTheLineOfItsPort) {
  write_file(path_, "10.0.0.1:80 down\n10.0.0.1 up\n");
  EXPECT_EQ(check_at(path_, 80).result, Result::failed);
  EXPECT_EQ(check_at(path_, 81).result, Result::passed);
  EXPECT_EQ(check_at(path_, 0).result, Result::passed);
}

TEST_F(FileCheckTest, DoesNotKnowABackendThatIsNotInTheFile) {
  write_file(path_, "10.0.0.2 up\n");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_FALSE(outcome.abstained);
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_THAT(outcome.reason, EndsWith("backends has no line for 10.0.0.1"));
}

TEST_F(FileCheckTest, DoesNotKnowWhatALineWithAFaultMeans) {
  write_file(path_, "\n10.0.0.1 down dran\n10.0.0.2 up\n");
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_THAT(outcome.reason, HasSubstr("backends:2: \"dran\" is none of up, down"));
}

TEST_F(FileCheckTest, DoesNotKnowWithoutTheFile) {
  const Outcome outcome = check();
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_THAT(outcome.reason, EndsWith("backends: cannot be read: No such file or directory"));
}

TEST_F(FileCheckTest, DoesNotKnowFromAFileThatIsTooOld) {
  write_file(path_, "10.0.0.1 down\n");
  make_older(path_, 3600s);
  EXPECT_EQ(check().result, Result::failed);
  EXPECT_EQ(check(2h).result, Result::failed);
  const Outcome outcome = check(30s);
  EXPECT_EQ(outcome.result, Result::unknown);
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_THAT(outcome.reason, HasSubstr("backends hasn't changed for 36"));
  EXPECT_THAT(outcome.reason, EndsWith("s, longer than the 30s of max_age"));
}

TEST_F(FileCheckTest, FailsByAFileThatIsTooOldWhereThatIsMeant) {
  write_file(path_, "10.0.0.1 up\n");
  const FileCheck heartbeat{.path = path_, .max_age = 30s, .fails_when_old = true};
  EXPECT_EQ(check_by(heartbeat).result, Result::passed);
  make_older(path_, 3600s);
  const Outcome outcome = check_by(heartbeat);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_EQ(outcome.evidence, Outcome::Evidence::hard);
  EXPECT_EQ(outcome.advice, Advice{});
  EXPECT_THAT(outcome.reason, EndsWith("s, longer than the 30s of max_age"));
}

TEST_F(FileCheckTest, FailsByAFileThatHasGoneForTooLongWhereThatIsMeant) {
  const Target target = target_by({.path = path_, .max_age = 1ms, .fails_when_old = true});
  const auto probe = file_probe(target, files_->get(path_));
  const Outcome outcome = run_until_known([&] {
    loop_.restart();
    loop_.run_for(2ms);
    return run(loop_, *probe);
  });
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_THAT(outcome.reason, EndsWith("backends: cannot be read: No such file or directory"));
  EXPECT_EQ(check_by({.path = path_, .max_age = 1h, .fails_when_old = true}).result,
            Result::unknown);
}

TEST_F(FileCheckTest, SeesAChangeBeforeTheIntervalIsOver) {
  write_file(path_, "10.0.0.1 up\n");
  CheckSpec spec;
  spec.method = FileCheck{.path = path_};
  spec.interval = 1h;
  const Target target = {Address::parse("10.0.0.1").value(), 0,
                         std::make_shared<const CheckSpec>(spec), ""};
  bool told = false;
  Prober prober(loop_.get_executor(), [&](const FileChange& change) {
    EXPECT_EQ(change.path, path_);
    EXPECT_EQ(change.addresses, std::vector{target.address});
    told = true;
    loop_.stop();
  });
  const auto probe = prober.make(target);
  EXPECT_EQ(run(loop_, *probe).result, Result::passed);
  replace_file(path_, "10.0.0.1 down\n");
  loop_.restart();
  loop_.run_for(kPlenty);
  EXPECT_TRUE(told);
  EXPECT_EQ(run(loop_, *probe).result, Result::failed);
}

TEST_F(FileCheckTest, LooksByItselfWhenNothingIsToldOfTheFolder) {
  CheckSpec spec;
  const std::string path = folder_.file("later/backends");
  spec.method = FileCheck{.path = path};
  spec.interval = 10ms;
  const Target target = {Address::parse("10.0.0.1").value(), 0,
                         std::make_shared<const CheckSpec>(spec), ""};
  const auto probe = file_probe(target, files_->get(path));
  EXPECT_EQ(run(loop_, *probe).result, Result::unknown);
  std::filesystem::create_directory(folder_.file("later"));
  write_file(path, "10.0.0.1 up\n");
  EXPECT_EQ(run_until_known([&] {
              loop_.restart();
              loop_.run_for(spec.interval);
              return run(loop_, *probe);
            }).result,
            Result::passed);
}

TEST_F(FileCheckTest, TellsALongPathByItsEnd) {
  const std::string path = folder_.file(std::string(100, 'x') + "/backends");
  EXPECT_THAT(check_at(path, 80).reason, StartsWith("...xxx"));
  EXPECT_THAT(check_at(path, 80).reason, HasSubstr("xxx/backends: cannot be read"));
}

TEST_F(FileCheckTest, HasAReasonThatFitsALogLine) {
  const std::string path = folder_.file(std::string(200, '\n'));
  write_file(path, "10.0.0.1 down # " + std::string(500, '\x1b') + "\n");
  const Outcome outcome = check_at(path, 80);
  EXPECT_EQ(outcome.result, Result::failed);
  EXPECT_LE(outcome.reason.size(), kMaxReason);
  EXPECT_THAT(outcome.reason, HasSubstr(":1: down # \\x1b\\x1b"));
  EXPECT_EQ(outcome.reason.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hlb::probes
