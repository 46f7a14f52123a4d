// Why a backend is in or out, and what the bus's errors are said as.
#include "ctl/resolve/inclusions.h"

#include <vector>

#include "ctl/bus_failure.h"
#include "ctl_text.h"
#include "published.h"

namespace hlb::ctl {
namespace {

using namespace std::chrono_literals;

const WallTime kVerdictsAt{1'795'522'800s};

class Verdicts : public CtlOutput {};

BackendReport told(const char* address, const char* state = "up") {
  BackendReport report;
  report.address = address;
  report.state = state;
  report.since = kVerdictsAt - 1min;
  report.reason = "refused";
  return report;
}

// "ADDRESS in WHY", a line each.
std::vector<std::string> lines(const std::vector<Inclusion>& inclusions) {
  std::vector<std::string> all;
  for (const Inclusion& each : inclusions)
    all.push_back(each.address + (each.is_in ? " in " : " out ") + each.why);
  return all;
}

std::vector<std::string> judged(const Sample& sample, const std::vector<BackendReport>& known) {
  const std::vector<std::uint8_t> bytes = sample.record();
  return lines(inclusions(record::View::over(bytes), known, kVerdictsAt));
}

using Lines = std::vector<std::string>;

TEST_F(Verdicts, SharesAreWithinAFamilyAndByWeight) {
  const Sample sample = Sample()
                            .backend("10.0.0.1", {.weight = 3})
                            .backend("10.0.0.2")
                            .backend("fd77::1")
                            .backend("10.0.0.3", {.weight = 0});
  EXPECT_EQ(
      judged(sample, {told("10.0.0.1"), told("10.0.0.2"), told("fd77::1"), told("10.0.0.3")}),
      (Lines{"10.0.0.1 in up for 1m, first in 75% of answers",
             "10.0.0.2 in up for 1m, first in 25% of answers",
             "fd77::1 in up for 1m, first in 100% of answers", "10.0.0.3 out its weight is 0"}));
}

TEST_F(Verdicts, OfAnAnswerWithAllNamesNoShare) {
  EXPECT_EQ(judged(Sample().answer(AnswerMode::all).backend("10.0.0.1"), {told("10.0.0.1")}),
            Lines{"10.0.0.1 in up for 1m"});
}

TEST_F(Verdicts, AStandbyIsInOnceItsBettersAreDown) {
  const auto sample = [](State better) {
    return Sample().backend("10.0.0.1", {.state = better}).backend("10.0.0.2", {.priority = 7});
  };
  EXPECT_EQ(judged(sample(State::up), {})[1],
            "10.0.0.2 out standby: its priority is 7, and backends of priority 0 are up");
  EXPECT_EQ(judged(sample(State::down), {}),
            (Lines{"10.0.0.1 out down", "10.0.0.2 in up, first in 100% of answers"}));
}

TEST_F(Verdicts, SayWhoIsHeldBackByItsOwnPriority) {
  const Sample sample =
      Sample().backend("10.0.0.1", {.priority = 65535}).backend("10.0.0.2", {.priority = 1});
  BackendReport primary = told("10.0.0.1");
  primary.held_back = true;
  EXPECT_EQ(judged(sample, {primary})[0],
            "10.0.0.1 out held back: its priority is 0, and priority 1 goes on serving");
}

TEST_F(Verdicts, SayWhyAllAreInInPanic) {
  const Sample sample = Sample()
                            .answer(AnswerMode::all)
                            .backend("10.0.0.1", {.state = State::down, .panic = true})
                            .backend("10.0.0.2", {.panic = true});
  EXPECT_EQ(judged(sample, {told("10.0.0.1", "down")}),
            (Lines{"10.0.0.1 in down for 1m: refused; so few are up that all are answered (panic)",
                   "10.0.0.2 in up; so few are up that all are answered (panic); no longer "
                   "configured, it stays until those that replace it are known"}));
}

TEST_F(Verdicts, SayWhyAllAreInWhenAllAreDown) {
  const Sample sample =
      Sample().when_all_down(WhenAllDown::all).backend("10.0.0.1", {.state = State::down});
  EXPECT_EQ(
      judged(sample, {told("10.0.0.1", "down")}),
      Lines{"10.0.0.1 in down for 1m: refused; none is up, and when_all_down = \"all\", first "
            "in 100% of answers"});
}

TEST_F(Verdicts, CountNobodyAsUpWhenTheRecordIsOutOfDate) {
  const auto unsure = [](WhenAllDown rule) {
    const auto bytes = Sample()
                           .when_all_down(rule)
                           .backend("10.0.0.1")
                           .backend("10.0.0.2", {.state = State::down})
                           .backend("10.0.0.3", {.weight = 0})
                           .record();
    return lines(inclusions(record::View::over(bytes), {}, kVerdictsAt, false));
  };
  const std::string why = "hlbd has been gone for too long to know whether it is up";
  EXPECT_EQ(unsure(WhenAllDown::fail),
            (Lines{"10.0.0.1 out " + why, "10.0.0.2 out " + why, "10.0.0.3 out its weight is 0"}));
  const std::string all = why + "; when_all_down = \"all\", first in 50% of answers";
  EXPECT_EQ(unsure(WhenAllDown::all),
            (Lines{"10.0.0.1 in " + all, "10.0.0.2 in " + all, "10.0.0.3 out its weight is 0"}));
}

TEST_F(Verdicts, NameTheOverrideAndNotTheStateBesideIt) {
  BackendReport drained = told("10.0.0.1");
  drained.override = {
      .kind = "drain", .reason = "disks", .set_by = 0, .since = kVerdictsAt, .until = {}};
  EXPECT_EQ(lines(inclusions(record::View(), {drained}, kVerdictsAt)),
            Lines{"10.0.0.1 in drained by root: disks"})
      << "without a table hlbd's word on what it answers counts";
  drained.weight_percent = 0;
  EXPECT_EQ(lines(inclusions(record::View(), {drained}, kVerdictsAt)),
            Lines{"10.0.0.1 out drained by root: disks"});
}

TEST_F(Verdicts, TellOfBackendsThatOnlyTheTableOrOnlyHlbdHas) {
  EXPECT_EQ(judged(Sample().backend("10.0.0.1"), {told("10.0.0.2")}),
            (Lines{"10.0.0.1 in up, first in 100% of answers; no longer configured, it stays until "
                   "those that replace it are known",
                   "10.0.0.2 out not published yet"}));
}

// ---- what the bus says
// ---------------------------------------------------------------------------

Failure failure(const std::string& name, bool change) {
  return not_answered({.name = name, .message = "its words", .bus = "system"}, change);
}

TEST(BusFailure, TellsWhatHlbdRefusedFromHlbdThatIsNotThere) {
  const std::string standard = "org.freedesktop.DBus.Error.";
  EXPECT_EQ(failure("org.hlb1.Error.NoSuchService", false).code, kTrouble);
  EXPECT_STREQ(failure("org.hlb1.Error.NoSuchService", false).what(), "its words");
  EXPECT_EQ(failure(standard + "InvalidArgs", true).code, kTrouble);
  EXPECT_EQ(failure(standard + "AccessDenied", true).code, kTrouble);
  EXPECT_EQ(failure(standard + "AccessDenied", false).code, kUnreachable);
  for (const char* name : {"ServiceUnknown", "NameHasNoOwner", "NoReply", "UnknownMethod",
                           "UnknownInterface", "Disconnected"})
    EXPECT_EQ(failure(standard + name, false).code, kUnreachable) << name;
}

TEST(BusFailure, IsOneLineThatNamesTheBus) {
  EXPECT_STREQ(no_bus({.name = "", .message = "No such file", .bus = "session"}).what(),
               "no session bus: No such file; lookups need none, but hlbctl does: see whether "
               "dbus.service runs");
  EXPECT_STREQ(failure("System.Error.EPIPE", false).what(),
               "hlbd can't be asked over the system bus: its words");
}

}  // namespace
}  // namespace hlb::ctl
