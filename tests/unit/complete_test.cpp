// What a command line may go on with, by its own definition.

#include "ctl/complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace hlb::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Complete : public testing::Test {
 protected:
  Complete() {
    app_.add_option("--bus", text_, "which")->type_name("system|session");
    app_.add_option("--config", text_, "a file")->type_name("FILE");
    app_.add_option("--program", text_)->type_name("PATH|PID");
    app_.add_flag("--all,-a", flag_, "all of them");
    app_.add_flag("--secret", flag_)->group("");
    CLI::App* drain = app_.add_subcommand("drain", "takes away");
    drain->add_option("TARGET", list_)->type_name("");
    drain->add_option("--for", text_, "so long")->type_name("DURATION");
    drain->add_option("--watch", text_)->expected(0, 1)->type_name("SECONDS");
    CLI::App* copy = app_.add_subcommand("copy", "");
    copy->add_option("from", text_)->type_name("FILE");
    copy->add_option("to", text_)->type_name("DIR");
    app_.add_subcommand("import", "other files")->add_subcommand("hosts", "of hosts");
    app_.add_subcommand("hidden", "")->group("");
  }

  // The words offered, and last, in brackets, what else may stand there.
  std::vector<std::string> offered(const std::vector<std::string>& words) {
    const Completion completion = complete(app_, words);
    std::vector<std::string> all;
    for (const Candidate& each : completion.candidates)
      all.push_back(each.word);
    if (!completion.kind.empty()) all.push_back("[" + completion.kind + "]");
    return all;
  }

  CLI::App app_;
  bool flag_ = false;
  std::string text_;
  std::vector<std::string> list_;
};

TEST_F(Complete, OffersSubcommandsWithTheirDescriptions) {
  EXPECT_THAT(offered({""}), ElementsAre("drain", "copy", "import"));
  EXPECT_THAT(offered({}), ElementsAre("drain", "copy", "import"));
  EXPECT_THAT(offered({"im"}), ElementsAre("import"));
  EXPECT_EQ(complete(app_, std::vector<std::string>{"im"}).candidates[0].description,
            "other files");
  EXPECT_THAT(offered({"import", ""}), ElementsAre("hosts"));
}

TEST_F(Complete, OffersOptionsBehindADashAlone) {
  EXPECT_THAT(offered({"-"}), ElementsAre("--help", "--bus", "--config", "--program", "--all"));
  EXPECT_THAT(offered({"drain", "--f"}), ElementsAre("--for"));
  EXPECT_THAT(offered({"drain", "--b"}), IsEmpty());
}

TEST_F(Complete, OffersTheValuesOfAnOption) {
  EXPECT_THAT(offered({"--bus", ""}), ElementsAre("system", "session"));
  EXPECT_THAT(offered({"--bus", "se"}), ElementsAre("session"));
  EXPECT_THAT(offered({"--config", "x"}), ElementsAre("[FILE]"));
  EXPECT_THAT(offered({"drain", "--for", ""}), ElementsAre("[DURATION]"));
  EXPECT_THAT(offered({"--program", ""}), ElementsAre("[PATH|PID]"));
}

TEST_F(Complete, GoesOnBehindAValueOrAFlag) {
  EXPECT_THAT(offered({"--bus", "drain", "dr"}), ElementsAre("drain"));
  EXPECT_THAT(offered({"--config=x", "-a", "dr"}), ElementsAre("drain"));
  EXPECT_THAT(offered({"drain", "--watch", ""}), ElementsAre("[TARGET]"));
}

TEST_F(Complete, CountsPositionals) {
  EXPECT_THAT(offered({"drain", ""}), ElementsAre("[TARGET]"));
  EXPECT_THAT(offered({"drain", "a", "--for", "1s", "b", "c"}), ElementsAre("[TARGET]"));
  EXPECT_THAT(offered({"copy", ""}), ElementsAre("[FILE]"));
  EXPECT_THAT(offered({"copy", "a", ""}), ElementsAre("[DIR]"));
  EXPECT_THAT(offered({"copy", "a", "b", ""}), IsEmpty());
}

TEST_F(Complete, TakesNoOptionsBehindTwoDashes) {
  EXPECT_THAT(offered({"drain", "--", "--for", ""}), ElementsAre("[TARGET]"));
  EXPECT_THAT(offered({"drain", "--", "-"}), ElementsAre("[TARGET]"));
}

TEST_F(Complete, OffersNothingBehindWhatItDoesNotKnow) {
  EXPECT_THAT(offered({"bogus", ""}), IsEmpty());
  EXPECT_THAT(offered({"hidden", ""}), IsEmpty());
  EXPECT_THAT(offered({"--bogus", "dr"}), ElementsAre("drain"));
}

TEST_F(Complete, TellsHowManyWordsAreForHlbctlAsAWhole) {
  EXPECT_EQ(complete(app_, std::vector<std::string>{"--bus", "session", "drain", "-"}).globals, 2U);
  EXPECT_EQ(complete(app_, std::vector<std::string>{"drain", "--for", "1s", ""}).globals, 0U);
}

}  // namespace
}  // namespace hlb::ctl
