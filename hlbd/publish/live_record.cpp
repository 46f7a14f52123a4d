#include "publish/live_record.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "libnss_hlb/live.h"
#include "libnss_hlb/record.h"
#include "publish/store_order.h"

namespace hlb::publish {
namespace {

namespace at = record::at;

// The words that a backend is to have.
struct BackendUpdate {
  std::uint8_t* backend;
  std::uint32_t state;
  std::uint32_t weight;
  bool gone = false;  // the verdict doesn't have it

  record::BackendState after() const { return record::BackendState(state); }
  record::BackendState before() const {
    return record::BackendState(load_live<Order::relaxed>(backend + at::kState));
  }
};

void store_change(const BackendUpdate& change) {
  store_live<Order::release>(change.backend + at::kWeight, change.weight);
  store_live<Order::release>(change.backend + at::kState, change.state);
}

std::uint8_t* backend_at(std::span<std::uint8_t> bytes, const record::View& record,
                         std::uint32_t index) {
  return bytes.data() + (record.backend(index).address() - bytes.data());
}

bool is_same(const record::View& record, std::uint32_t index, const BackendVerdict& verdict) {
  return address_of(record.backend(index)) == verdict.address;
}

// The verdict on a backend of the record; nullptr if there is none. Mostly both have the same
// order.
const BackendVerdict* verdict_on(const record::View& record, std::uint32_t index,
                                 const std::vector<BackendVerdict>& verdicts) {
  if (index < verdicts.size() && is_same(record, index, verdicts[index])) return &verdicts[index];
  const auto found = std::ranges::find_if(
      verdicts, [&](const BackendVerdict& each) { return is_same(record, index, each); });
  return found == verdicts.end() ? nullptr : &*found;
}

// An update of a record: all changes from one verdict to the next.
class RecordUpdate {
 public:
  explicit RecordUpdate(std::span<std::uint8_t> bytes)
      : bytes_(bytes),
        record_(record::View::over(bytes)),
        word_(load_live<Order::relaxed>(bytes.data() + at::kWord)) {}

  // Plans the changes. Returns whether the record has all backends of the verdict.
  bool plan(const ServiceVerdict& service, AskHlbd ask) {
    std::size_t known = 0;
    bool serves = false;
    changes_.reserve(record_.backend_count());
    for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
      const BackendVerdict* const verdict = verdict_on(record_, i, service.backends);
      changes_.push_back(verdict != nullptr ? tell(i, *verdict) : withdraw(i));
      known += verdict != nullptr ? 1 : 0;
      serves = serves || (verdict != nullptr && service.serves(*verdict));
    }
    const bool has_all = known == service.backends.size();
    const bool asked = ask == AskHlbd::as_before && (word_ & kAsk) != 0;
    const bool suffices =
        has_all || (ask == AskHlbd::if_none_serves && (serves || keep_gone(service)));
    word_ = service.published().word();
    if (!suffices || asked) plan_to_ask();
    return has_all;
  }

  void plan_to_ask() { word_ |= kAsk; }

  void run() {
    std::uint8_t* const word = bytes_.data() + at::kWord;
    const bool new_word = load_live<Order::relaxed>(word) != word_;
    const auto last = put_in_order();
    if (changes_.empty() && !new_word) return;
    std::for_each(changes_.begin(), last, store_change);
    if (new_word) store_live<Order::release>(word, word_);
    std::uint8_t* const changes = bytes_.data() + at::kChanges;
    store_live<Order::release>(changes, load_live<Order::relaxed>(changes) + 1);
    std::for_each(last, changes_.end(), store_change);
  }

 private:
  static constexpr std::uint32_t kAsk = std::uint32_t{record::kUndecided} << 24U;

  BackendUpdate tell(std::uint32_t index, const BackendVerdict& verdict) {
    return {backend_at(bytes_, record_, index), verdict.published().word(), verdict.weight};
  }

  BackendUpdate withdraw(std::uint32_t index) {
    std::uint8_t* const backend = backend_at(bytes_, record_, index);
    const auto state = load_live<Order::relaxed>(backend + at::kState);
    // The flags that count as up go as well: an hlbd that starts later may inherit this state for a
    // backend that is new then.
    constexpr std::uint32_t kCountsAsUp = std::uint32_t{record::kUp | record::kSuspect} << 24U;
    return {backend, (state & ~kCountsAsUp) | std::uint32_t{record::kWithdrawn} << 24U,
            record_.backend(index).weight(), true};
  }

  // Has backends stay that the verdict doesn't have, if others are up in their place. Returns
  // whether any of them is answered.
  bool keep_gone(const ServiceVerdict& service) {
    if (service.best_rank == record::kNever) return false;
    bool any_answered = false;
    for (BackendUpdate& change : changes_) {
      if (!change.gone) continue;
      change.state = change.before().word();
      any_answered =
          any_answered || change.after().rank(service.spec->when_all_down) != record::kNever;
    }
    return any_answered;
  }

  // Sorts the changes; returns the first that is stored after the count. A backend whose state
  // stays gets its weight at once.
  std::vector<BackendUpdate>::iterator put_in_order() {
    const record::Word before(load_live<Order::relaxed>(bytes_.data() + at::kWord));
    StoreOrder order(before.when_all_down(), record::Word(word_).when_all_down());
    for (const BackendUpdate& change : changes_)
      order.add(change.before(), change.after());
    std::erase_if(changes_, [](const BackendUpdate& change) {
      if (change.before().word() != change.state) return false;
      store_live<Order::relaxed>(change.backend + at::kWeight, change.weight);
      return true;
    });
    return std::ranges::partition(changes_,
                                  [&](const BackendUpdate& change) {
                                    return order.goes_first(change.before(), change.after());
                                  })
        .begin();
  }

  std::span<std::uint8_t> bytes_;
  record::View record_;
  std::uint32_t word_;
  // Changes of all backends, until put_in_order() leaves out those whose state stays.
  std::vector<BackendUpdate> changes_;
};

}  // namespace

bool change_record(std::span<std::uint8_t> bytes, const ServiceVerdict& service, AskHlbd ask) {
  RecordUpdate update(bytes);
  const bool has_all = update.plan(service, ask);
  update.run();
  return has_all;
}

void change_scores(std::span<std::uint8_t> bytes, const Score& score_of) {
  const record::View record = record::View::over(bytes);
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    store_live<Order::relaxed>(backend_at(bytes, record, i) + at::kSortScore,
                               score_of(address_of(record.backend(i))));
  }
}

void leave_to_hlbd(std::span<std::uint8_t> bytes) {
  RecordUpdate update(bytes);
  update.plan_to_ask();
  update.run();
}

bool same_record(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other,
                 Words words) {
  const record::View record = record::View::over(one);
  const auto same_bytes = [&](std::size_t first, std::size_t end) {
    return std::memcmp(one.data() + first, other.data() + first, end - first) == 0;
  };
  const bool answers = words == Words::of_answers;
  bool same = same_bytes(0, answers ? at::kFlags : at::kMode) &&
              same_bytes(at::kHeaderSize, at::kChanges) && same_bytes(at::kKind, at::kHeaderEnd);
  std::size_t place = at::kHeaderEnd;
  for (std::uint32_t i = 0; same && i < record.backend_count(); ++i, place += at::kBackendEnd) {
    same = same_bytes(place, place + (answers ? at::kSortScore : at::kWeight)) &&
           (answers ? same_bytes(place + at::kState, place + at::kBackendEnd)
                    : one[place + at::kFamily] == other[place + at::kFamily]);
  }
  return same && same_bytes(place, record.bytes().size());
}

}  // namespace hlb::publish
