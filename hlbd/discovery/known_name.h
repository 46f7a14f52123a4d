// What is known of one name that is looked up again and again. Pure: no clock, no socket, no log.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "discovery/answer.h"

namespace hlb::discovery {

// An answer is used for its time to live, within these bounds.
inline constexpr std::chrono::seconds kLeastUse{1};
inline constexpr std::chrono::minutes kMostUse{5};
// After a failure, or where there are no records: the wait doubles from the first to the last.
inline constexpr std::chrono::seconds kFirstRetry{1};
inline constexpr std::chrono::seconds kLastRetry{30};

// Asked in rounds: each of its questions once. Records are used as soon as they come. What was
// known stays where a question fails, and altogether where DNS says that there is nothing any more:
// a name that had addresses never loses the last of them.
class KnownName {
 public:
  // Whether all goes well; failing comes before absent.
  enum class Standing : std::uint8_t {
    fresh,  // no round has ended yet
    resolved,
    absent,   // DNS says that there are no records
    failing,  // a question has no answer
  };

  // What one answer changed.
  struct Changes {
    bool records = false;   // addresses() or targets(), or known()
    bool standing = false;  // standing(), unless it was fresh and is resolved now
  };

  // `srv`: SRV records are asked for, else addresses.
  explicit KnownName(bool srv);

  std::span<const RecordType> questions() const;

  // The answer to questions()[question] in this round; the last one ends the round.
  Changes take(std::size_t question, DnsAnswer answer);

  bool round_over() const { return answered_ == 0; }
  // From the end of a round to the next.
  std::chrono::seconds wait() const { return wait_; }

  // The last ones to the questions that had records.
  std::span<const DnsAnswer> answers() const { return std::span(last_).first(questions().size()); }
  // Sorted, none twice.
  std::vector<Address> addresses() const;
  const std::vector<SrvTarget>& targets() const { return last_.front().targets; }

  // When those came that the last ones took the place of, the same or not.
  std::chrono::steady_clock::time_point came_before() const;

  bool known() const;  // there are records, or a round has ended without any
  Standing standing() const { return standing_; }
  const std::string& reason() const { return reason_; }  // of a standing that is not resolved

 private:
  static constexpr std::size_t kMostQuestions = 2;

  std::span<const std::optional<DnsAnswer>> round() const;
  bool end_round();
  Standing judge();
  bool forget_what_went();

  bool srv_;
  std::array<std::optional<DnsAnswer>, kMostQuestions> round_;  // by question
  std::size_t answered_ = 0;                                    // of them
  std::array<DnsAnswer, kMostQuestions> last_;                  // with records, if any
  std::array<std::chrono::steady_clock::time_point, kMostQuestions> came_before_{};
  Standing standing_ = Standing::fresh;
  std::string reason_;
  unsigned failures_ = 0;  // rounds in a row
  std::chrono::seconds wait_{0};
};

}  // namespace hlb::discovery
