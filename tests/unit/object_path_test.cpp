#include "operators/bus/object_path.h"

#include <gtest/gtest.h>
#include <systemd/sd-bus.h>

#include <cstdlib>
#include <string>

namespace hlb::bus {
namespace {

TEST(ObjectPath, IsAsInTheManual) {
  EXPECT_EQ(service_path("app.local"), "/org/hlb1/service/app_2elocal");
  EXPECT_EQ(backend_path("app.local", "10.0.0.1"),
            "/org/hlb1/service/app_2elocal/_310_2e0_2e0_2e1");
}

// systemd's own function is the reference.
TEST(ObjectPath, EscapesAsSdBusDoes) {
  for (const std::string text :
       {"", "app", "app.local", "1st-app.local", "_", "fe80::1%eth0", "10.0.0.1", "\xc3\xa4"}) {
    char* path = nullptr;
    ASSERT_GE(sd_bus_path_encode("/org", text.c_str(), &path), 0) << text;
    EXPECT_EQ("/org/" + path_element(text), path);
    std::free(path);
  }
}

}  // namespace
}  // namespace hlb::bus
