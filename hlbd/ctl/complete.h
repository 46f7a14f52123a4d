// Finds what a command line of hlbctl may go on with. The completions of shells in data/completions
// ask by `hlbctl complete WORD…`. The answer is read off the command line's own definition, so that
// sub-commands and options need no list beside it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ctl/command.h"

namespace hlb::ctl {

struct Candidate {
  std::string word;
  std::string description;  // may be empty
};

struct Completion {
  std::vector<Candidate> candidates;  // that begin as the last word does
  std::string kind;  // of other words that may stand there, as in --help: SERVICE, FILE, … or empty
  std::size_t globals = 0;  // how many of the words stand before the first sub-command
};

// `words` are the words after "hlbctl", up to the word that is being typed, which may be empty.
Completion complete(const CLI::App& app, std::span<const std::string> words);

// Prints the candidates, names of services and backends among them if hlbd answers. Each is a word
// and, if it has a description, a tab and that. The word FILE or DIR alone stands for any file or
// folder.
int print_completion(CLI::App& app, const Settings& settings, std::span<const std::string> words);

}  // namespace hlb::ctl
