// One record of a table, changed in place while programs read it.
#pragma once

#include <cstdint>
#include <span>

#include "health/verdict.h"
#include "publish/encode.h"

namespace hlb::publish {

// When a record is left to hlbd, which programs then ask.
enum class Left : std::uint8_t {
  as_told,         // if the verdict says so, or has a backend that the record hasn't
  still,           // also if it was before
  if_none_serves,  // of what it hasn't a backend is no reason while one that it has serves: in what
                   // hlbd itself answers from, until the whole truth is there
};

// Makes the record at the start of `bytes` say what the verdict says. Whoever comes in is stored
// first, then the count of changes, then whoever goes out, see Turnover: a reader that finds the
// same count before and after has seen those of one side alone, and that nobody is up only if
// nobody was.
//
// Backends that the verdict doesn't have are withdrawn. False if it has one that the record hasn't.
bool change_record(std::span<std::uint8_t> bytes, const ServiceVerdict& service,
                   Left left = Left::as_told);

// Gives each backend its sort score.
void change_scores(std::span<std::uint8_t> bytes, const Score& score_of);

// Has hlbd be asked, whatever the record says.
void leave_to_hlbd(std::span<std::uint8_t> bytes);

// Makes each live word zero. For a copy, which nobody else reads.
void clear_live_words(std::span<std::uint8_t> bytes);

}  // namespace hlb::publish
