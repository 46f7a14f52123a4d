// Where hlbd's log lines go: the journal when systemd runs it, else standard error.
#pragma once

#include "config/config.h"

namespace hlb {

void start_log();
void set_log_level(LogLevel level);

}  // namespace hlb
