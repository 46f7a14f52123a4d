// Where the owned file descriptor stood before it moved to the ground floor.
#pragma once

#include "system/file_descriptor.h"
