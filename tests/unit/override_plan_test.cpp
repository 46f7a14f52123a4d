#include "ctl/override_plan.h"

#include <gmock/gmock.h>

#include <vector>

#include "ctl_text.h"

namespace hlb::ctl {
namespace {

using testing::ElementsAre;

const std::vector<OverridePreview> kPlan = {
    {.service = "app.local",
     .address = "10.0.0.1",
     .before = "",
     .now = "drain",
     .answered = 2,
     .remaining = 0},
    {.service = "app.local",
     .address = "10.0.0.2",
     .before = "up",
     .now = "drain",
     .answered = 2,
     .remaining = 0},
    {.service = "db.local",
     .address = "fd77::11",
     .before = "",
     .now = "drain",
     .answered = 3,
     .remaining = 2},
    {.service = "old.local",
     .address = "10.0.0.1",
     .before = "",
     .now = "drain",
     .answered = 0,
     .remaining = 0},
};

class Plan : public CtlOutput {};

TEST_F(Plan, KnowsWhichServicesLoseTheirLastBackend) {
  EXPECT_THAT(emptied(kPlan), ElementsAre("app.local"));
  EXPECT_TRUE(emptied({}).empty());
}

TEST_F(Plan, IsShownWithWhatComesOfIt) {
  EXPECT_EQ(plan_text(kPlan, " until 14:30"),
            "app.local/10.0.0.1  no override -> drain until 14:30\n"
            "app.local/10.0.0.2  up -> drain until 14:30\n"
            "db.local/fd77::11   no override -> drain until 14:30\n"
            "old.local/10.0.0.1  no override -> drain until 14:30\n"
            "app.local: 2 backends answered now, none then\n"
            "db.local: 3 backends answered now, 2 then\n"
            "old.local: 0 backends answered now, none then\n");
}

}  // namespace
}  // namespace hlb::ctl
