// A name that is looked up again and again, with its latest records. Pure: no clock, no socket, no
// log.
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

// An answer is used for its time to live, but no less than kLeastUse and no more than kMostUse.
inline constexpr std::chrono::seconds kLeastUse{1};
inline constexpr std::chrono::minutes kMostUse{5};
// Bounds of the wait after a failure, or where there are no records: it doubles from the first to
// the last.
inline constexpr std::chrono::seconds kFirstRetry{1};
inline constexpr std::chrono::seconds kLastRetry{30};

// Is asked in rounds: each of its questions once. Records are used as soon as they come. Known
// records stay where a question fails, and all of them where DNS says that nothing is left: a name
// that had addresses never loses the last of them.
class KnownName {
 public:
  // The result of the last round; failing comes before absent.
  enum class Standing : std::uint8_t {
    fresh,  // before the end of the first round
    resolved,
    absent,   // DNS says that there are no records
    failing,  // a question has no answer
  };

  // Changes that an answer made.
  struct Changes {
    bool records = false;   // addresses() or targets(), or known()
    bool standing = false;  // standing(), unless it was fresh and is resolved now
  };

  // Asks for SRV records if `srv`, else for addresses.
  explicit KnownName(bool srv);

  std::span<const RecordType> questions() const;

  // Takes the answer to questions()[question] in this round; the last answer ends the round.
  Changes take(std::size_t question, DnsAnswer answer);

  bool round_over() const { return answered_ == 0; }
  // The wait from the end of a round to the next.
  std::chrono::seconds wait() const { return wait_; }

  // The last answer with records to each question.
  std::span<const DnsAnswer> answers() const { return std::span(last_).first(questions().size()); }
  // The addresses of all answers, each answer's sorted.
  std::vector<Address> addresses() const;
  const std::vector<SrvTarget>& targets() const { return last_.front().targets; }

  // The time when the answers before the last came, the same or not.
  std::chrono::steady_clock::time_point came_before() const;

  bool known() const;  // there are records, or a round has ended without them
  Standing standing() const { return standing_; }
  const std::string& reason() const { return reason_; }  // of any standing but resolved

 private:
  static constexpr std::size_t kMostQuestions = 2;

  std::span<const std::optional<DnsAnswer>> round() const;
  bool end_round();
  Standing judge();
  bool forget_what_went();

  bool srv_;
  std::array<std::optional<DnsAnswer>, kMostQuestions> round_;  // by question
  std::size_t answered_ = 0;                                    // questions of the round
  std::array<DnsAnswer, kMostQuestions> last_;                  // last answer with records, if any
  std::array<std::chrono::steady_clock::time_point, kMostQuestions> came_before_{};
  Standing standing_ = Standing::fresh;
  std::string reason_;
  unsigned failures_ = 0;  // failed rounds in a row
  std::chrono::seconds wait_{0};
};

}  // namespace hlb::discovery
