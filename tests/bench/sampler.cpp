// The measuring program: runs the cases of a plan in rounds and prints every sample.
//
//   sampler ROUNDS CORE < PLAN
//
// In each round every case has one batch, in an order of chance, so that whatever the machine does
// meanwhile hits all of them alike and a ratio within a round is fair. Prints one line per sample,
// "CASE ROUND NANOSECONDS", and "CASE failed REASON" for a case that can't be measured.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/bench/plan.h"
#include "tests/bench/worker.h"

namespace {

using hlb::bench::Worker;
using Workers = std::vector<std::unique_ptr<Worker>>;

// False when the case has to be given up.
bool sample(Worker& worker, unsigned round) {
  try {
    const double nanoseconds = worker.batch();
    std::printf("%s %u %.1f\n", worker.name().c_str(), round, nanoseconds);
    return true;
  } catch (const std::exception& error) {
    std::printf("%s failed %s\n", worker.name().c_str(), error.what());
    return false;
  }
}

void run_round(Workers& workers, unsigned round, std::mt19937& chance) {
  std::shuffle(workers.begin(), workers.end(), chance);
  std::erase_if(workers, [round](const auto& worker) { return !sample(*worker, round); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: sampler ROUNDS CORE < PLAN\n", stderr);
    return 2;
  }
  try {
    const auto rounds = static_cast<unsigned>(std::stoul(argv[1]));
    const auto core = static_cast<unsigned>(std::stoul(argv[2]));
    Workers workers;
    for (const auto& measured : hlb::bench::read_plan(std::cin)) {
      workers.push_back(std::make_unique<Worker>(measured, core));
    }
    std::mt19937 chance(std::random_device{}());
    for (unsigned round = 0; round < rounds; ++round) {
      run_round(workers, round, chance);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sampler: %s\n", error.what());
    return 1;
  }
  return 0;
}
