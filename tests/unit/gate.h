// A job of a worker that hangs for as long as a test wants.
#pragma once

#include <future>
#include <memory>

#include "system/worker.h"

namespace hlb {

// A job that lasts until it is let go.
class Gate {
 public:
  Worker::Job job() {
    return [begun = begun_, open = open_] {
      begun->set_value();
      open->get_future().wait();
      return Worker::Completion();
    };
  }
  void await_job() { begun_->get_future().wait(); }
  void let_go() { open_->set_value(); }

 private:
  std::shared_ptr<std::promise<void>> begun_ = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> open_ = std::make_shared<std::promise<void>>();
};

}  // namespace hlb
