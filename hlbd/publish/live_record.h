// One record of a table, changed in place while programs read it.
#pragma once

#include <cstdint>
#include <span>

#include "health/verdict.h"
#include "publish/encode.h"

namespace hlb::publish {

// Makes the record at the start of `bytes` say what the verdict says. Whoever comes in is stored
// first, then the count of changes, then whoever goes out: a reader that finds the same count
// before and after has seen those of one side alone, and that nobody is up only if nobody was.
//
// Backends that the verdict doesn't have are withdrawn. False if it has one that the record hasn't:
// then hlbd is to be asked; as it goes on to be with `still_asked`, if it was before.
bool change_record(std::span<std::uint8_t> bytes, const ServiceVerdict& service,
                   bool still_asked = false);

// Gives each backend its sort score.
void change_scores(std::span<std::uint8_t> bytes, const Score& score_of);

// Has hlbd be asked, whatever the record says.
void leave_to_hlbd(std::span<std::uint8_t> bytes);

// Makes each live word zero. For a copy, which nobody else reads.
void clear_live_words(std::span<std::uint8_t> bytes);

}  // namespace hlb::publish
