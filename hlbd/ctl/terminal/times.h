// Times as an operator reads them.
#pragma once

#include <chrono>
#include <string>

#include "operators/report.h"

namespace hlb::ctl {

// The present, as hlbd's times are given.
WallTime wall_now();

// How long ago `since` was: "35s", "12m", "4h 12m", "3d"; "-" for the zero time.
std::string age(WallTime since, WallTime now);

// A moment, in local time, said as briefly as `now` allows: "14:30", "Nov 25 14:30",
// "2027-01-02 14:30".
std::string moment(WallTime at, WallTime now);

// A moment in local time, to the millisecond: "2026-11-24 14:30:01.123".
std::string timestamp(WallTime at);

// The same for narrow terminals: "Nov 24 14:30:01".
std::string brief_timestamp(WallTime at);

// Seconds since 1970, as JSON has them.
double seconds(WallTime at);

}  // namespace hlb::ctl
