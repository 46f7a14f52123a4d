// Changes a record of a table in place while programs read it.
#pragma once

#include <cstdint>
#include <span>

#include "health/verdict.h"
#include "publish/encode.h"

namespace hlb::publish {

// Conditions on which programs are to ask hlbd instead of believing a record.
enum class AskHlbd : std::uint8_t {
  as_needed,       // the verdict is undecided, or has a backend that the record hasn't
  as_before,       // also if programs were to ask before
  if_none_serves,  // for the table that hlbd itself answers from, until the next one is whole: a
                   // missing backend is no reason while a backend of the record serves. If all that
                   // serve are missing, those that the verdict doesn't have any more stay
};

// Makes the record at the start of `bytes` say what the verdict says. Backends that come in are
// stored first, then the count of changes, then backends that go out, see StoreOrder: a reader that
// finds the same count before and after has seen backends of one side alone, and nobody up only if
// nobody was.
//
// Backends that the verdict doesn't have are withdrawn, but see AskHlbd. Returns false if it has a
// backend that the record hasn't.
bool change_record(std::span<std::uint8_t> bytes, const ServiceVerdict& service,
                   AskHlbd ask = AskHlbd::as_needed);

// Gives each backend its sort score.
void change_scores(std::span<std::uint8_t> bytes, const Score& score_of);

// Makes programs ask hlbd, whatever the record says.
void leave_to_hlbd(std::span<std::uint8_t> bytes);

// Which live words count when records are compared.
enum class Words : std::uint8_t {
  none,
  of_answers,  // those that say who is answered, and how often
};

// Whether two records are of the same service and backends, and if these words count, say the same.
// `one` is a record that hlbd has made, `other` begins with as many bytes of any kind.
bool same_record(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other,
                 Words words);

}  // namespace hlb::publish
