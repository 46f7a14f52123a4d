// Asks hlbd for what the words of a command line can mean.
#pragma once

#include <span>
#include <string>

#include "ctl/client.h"
#include "ctl/targets.h"

namespace hlb::ctl {

// Asks for no more than the words need.
WhatThereIs what_there_is(Client& client, std::span<const std::string> words);

// Returns what the words mean; all there is, for none. Throws a Failure when one of them can't be
// taken, with all faults.
Targets find_targets(std::span<const std::string> words, const WhatThereIs& there, Purpose purpose);
Targets ask_targets(Client& client, std::span<const std::string> words, Purpose purpose);

// Throws a Failure when one of the words is a URL: for commands that take names which hlbd needn't
// know.
void refuse_urls(std::span<const std::string> words);

}  // namespace hlb::ctl
