// Where a worker's completions go.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "system/worker.h"

namespace hlb {

// Has each completion called from this loop. The loop must outlive the worker.
inline Worker::Deliver deliver_to(boost::asio::any_io_executor loop) {
  return [loop = std::move(loop)](Worker::Completion done) {
    boost::asio::post(loop, std::move(done));
  };
}

}  // namespace hlb
