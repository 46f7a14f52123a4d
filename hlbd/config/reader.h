// Typed access to the values of a file, which notes every fault with its place.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "config/config.h"
#include "config/document.h"

namespace hlb::config {

// The faults of one file. Bounded: a file of noise has no use for a hundred thousand of them.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string message);
  void take_back(Position at, std::string_view message);  // one that was added
  std::size_t count() const { return faults_.size() + left_out_; }
  std::string place(Position at) const;  // "file:line:column"; without a line the file alone
  const std::string& file() const { return file_; }
  ConfigErrors take();  // in the order of their places; none is left

 private:
  std::string file_;
  ConfigErrors faults_;
  std::size_t left_out_ = 0;
};

// This process's user, in a fault about rights: "user hlb".
std::string who_reads();

// Why a file can't be read: "cannot be read by user hlb: Permission denied".
std::string unreadable(const std::error_code& error);

template <typename E>
struct NamedValue {
  std::string_view word;
  E value;
};

struct DurationRange {
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
};

// Reads one table. Each function below that has `into` leaves it as it is when the key is absent or
// its value has a fault, which is noted. A key that was never asked for is unknown: see
// reject_unknown().
class TableReader {
 public:
  // `name` is what messages call the table: "[daemon]". Both must outlive the reader, as must the
  // faults.
  TableReader(const Value& table, std::string_view name, Faults& faults);

  // The value of `key`, nullptr when it is absent.
  const Value* find(std::string_view key);
  // The same, and notes that it is absent, with `advice` on what to add.
  const Value* require(std::string_view key, std::string_view advice);
  // The value of `key` if it is an array, or a text; else nullptr, which is noted unless it is
  // absent.
  const Value::Array* array(std::string_view key, std::string_view example);
  const std::string* text(std::string_view key);

  void boolean(std::string_view key, bool& into);
  void duration(std::string_view key, DurationRange range, std::chrono::milliseconds& into);
  template <typename T>
  void integer(std::string_view key, std::int64_t least, std::int64_t most, T& into) {
    if (const auto number = integer_between(key, least, most)) into = static_cast<T>(*number);
  }
  template <typename E, std::size_t N>
  void choice(std::string_view key, const std::array<NamedValue<E>, N>& choices, E& into);

  // The keys that were asked for.
  const std::vector<std::string_view>& known() const { return known_; }
  bool knows(std::string_view key) const;

  // Notes each key that was never asked for: by what `fault_of` says of it, if that says anything.
  // What is meant by a misspelt key isn't absent as well.
  void reject_unknown(const std::function<std::string(std::string_view key)>& fault_of = {});
  // Whether reject_unknown() has taken another key for this one, so that it isn't absent.
  bool is_misspelt(std::string_view key) const { return misspelt_.contains(key); }

 private:
  std::optional<std::int64_t> integer_between(std::string_view key, std::int64_t least,
                                              std::int64_t most);
  void wrong_type(std::string_view key, const Value& value, std::string_view expected);
  void wrong_choice(std::string_view key, const std::string& word,
                    const std::vector<std::string_view>& words);
  std::string advice_for_unknown(std::string_view key);

  const Value& table_;
  std::string_view name_;
  Faults& faults_;
  std::vector<std::string_view> known_;
  std::map<std::string_view, std::string> absent_;  // keys that were required, with the faults
  std::set<std::string_view> misspelt_;             // keys that were meant
};

template <typename E, std::size_t N>
void TableReader::choice(std::string_view key, const std::array<NamedValue<E>, N>& choices,
                         E& into) {
  const std::string* word = text(key);
  if (word == nullptr) return;
  std::vector<std::string_view> words;
  for (const auto& choice : choices) {
    words.push_back(choice.word);
    if (choice.word == *word) {
      into = choice.value;
      return;
    }
  }
  wrong_choice(key, *word, words);
}

}  // namespace hlb::config
