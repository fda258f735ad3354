// A program of the operator's, run without a shell and within limits.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <cstddef>
#include <string>
#include <vector>

namespace cli {

struct ProgramLimits {
  base::Milliseconds time{30'000};
  std::size_t output = std::size_t{30} << 20; // octets
};

struct Program {
  std::string path; // without a slash: looked up in PATH
  std::vector<std::string> arguments;
  std::vector<std::string> hidden_variables; // of the environment, that it must not inherit (PINs)
};

// Waits for its end and returns what it wrote to standard output. Standard input is empty, standard
// error is ours, no other descriptor is inherited. It runs in a process group of its own, which is
// killed when a limit is passed, and whatever is left of it when the program has ended. Thread-safe
// where nobody else waits for children. Errors: file_error (cannot be started, or ended otherwise
// than with code 0), timed_out, too_large.
base::Result<std::string> run_program(const Program& program, const ProgramLimits& limits);

} // namespace cli
