#include "engine/check.h"

#include "health/check_spec.h"
#include "health/schedule.h"

namespace hlb {

namespace asio = boost::asio;

namespace {

// An agent may never say anything that takes a "down" back that was another check's.
State adopted(const CheckSpec& spec, State published) {
  return std::holds_alternative<AgentCheck>(spec.method) ? State::unknown : published;
}

}  // namespace

Check::Check(const probes::Target& target, const MakeProbe& make, State published,
             std::uint64_t host)
    : judge(*target.spec, adopted(*target.spec, published)),
      question_(std::make_shared<Question>()),
      identity_(check_identity(host, target.service + describe(target))) {
  question_->target = target;
  question_->probe = make(question_->target);
  question_->asked_for = this;
}

Check::~Check() {
  question_->asked_for = nullptr;
  if (under_way()) question_->stop->emit(asio::cancellation_type::terminal);
}

std::string describe(const probes::Target& target) {
  return std::string(name_of(target.spec->method)) + " " + target.place().to_string();
}

}  // namespace hlb
