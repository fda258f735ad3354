// Exported journals, which come from anywhere. A line that is taken is one that this program
// writes, a chain that is taken is one whose hashes fit, and no content comes back in a finding.
#include "cli/ctl/journal_lines.h"
#include <cstdint>
#include <cstdlib>
#include <sstream>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  std::istringstream in(bytes);
  const auto result = cli::ctl::verify_journal(in, std::nullopt);
  demand((result.bad_line == 0) == result.finding.empty());
  demand(result.finding.size() < 200);
  if (result.bad_line == 0 && result.lines > 0) {
    // Then it ends with a head that it can be held against.
    std::istringstream again(bytes);
    const auto held =
        cli::ctl::verify_journal(again, cli::ctl::NotedHead{result.last, result.hash});
    demand(held.bad_line == 0 && held.lines == result.lines);
    demand(result.last - result.first + 1 == result.lines);
  }
  // Hashes hide nothing of the parser: each line for itself, whatever its hash.
  std::istringstream lines(bytes);
  for (std::string line; std::getline(lines, line);)
    if (const auto entry = cli::ctl::parse_line(line))
      demand(cli::ctl::to_line(*entry).value() == line + "\n");
  (void)cli::ctl::parse_head(bytes);
  return 0;
}
