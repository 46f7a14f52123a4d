#include "probes/pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "probes/reason.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

constexpr std::size_t kMaxPatternShown = 40;

// The options that the configuration is checked with, so that both take the same expressions.
RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& text) : regex(text, options()) {}

  RE2 regex;
};

Pattern::Pattern(const BodyPattern& pattern)
    : text_(pattern.text),
      absence_((pattern.is_regex ? "doesn't match \"" : "has no \"") +
               text::printable(pattern.text, kMaxPatternShown) + '"') {
  if (pattern.is_regex) compiled_ = std::make_unique<const Compiled>(pattern.text);
}

Pattern::~Pattern() = default;

bool Pattern::is_in(std::string_view body) const {
  if (!compiled_) return body.find(text_) != std::string_view::npos;
  return RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), compiled_->regex);
}

// Takes no match that reaches the end for settled: what comes after it can undo it, by "$" say.
bool Pattern::is_settled_by(std::string_view beginning, std::size_t searched) const {
  if (!compiled_) {
    const std::size_t begun = std::min(searched, text_.size() - 1);
    return beginning.find(text_, searched - begun) != std::string_view::npos;
  }
  const re2::StringPiece text(beginning.data(), beginning.size());
  re2::StringPiece match;
  return compiled_->regex.Match(text, 0, text.size(), RE2::UNANCHORED, &match, 1) &&
         match.data() + match.size() < text.data() + text.size();
}

std::size_t Pattern::next_search(std::size_t searched) const {
  constexpr std::size_t kSmall = 4096;
  return searched + (compiled_ && searched > kSmall ? searched / 4 : 1);
}

std::shared_ptr<const Pattern> Patterns::get(const BodyPattern& pattern) {
  if (pattern.text.empty()) return nullptr;
  std::erase_if(used_, [](const auto& entry) { return entry.second.expired(); });
  auto& place = used_[{pattern.text, pattern.is_regex}];
  auto found = place.lock();
  if (!found) place = found = std::make_shared<const Pattern>(pattern);
  return found;
}

}  // namespace hlb::probes
