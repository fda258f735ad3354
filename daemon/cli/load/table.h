// What a load run shows: a line while it runs, a table and JSON at its end.
#pragma once
#include "cli/load/tally.h"
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cli::load {

struct Facts {
  std::string tool, run, url, started; // run: empty for a sink
  double seconds = 0;
  // Counted things that the verdict rests on, in order: "missing" 0.
  std::vector<std::pair<std::string, std::uint64_t>> counts{};
  std::vector<std::string> remarks{}; // lines under the table
  bool right = true;
};

// Count, rate, MB/s (10^6 octets of content) and percentiles for each operation that happened, then
// outcomes, then counts.
std::string as_table(const Facts& facts, const Numbers& numbers);
boost::json::object as_json(const Facts& facts, const Numbers& numbers);
// Error: file_error.
base::Result<> write_json(const std::string& path, const Facts& facts, const Numbers& numbers);

std::string milliseconds(std::chrono::microseconds value); // "12.3"
std::string clock_time(double seconds);                    // "01:05", "2:00:00"

// Shows `line()` on stderr until `done()`: each second over itself if stderr is a terminal,
// otherwise a line every ten seconds. Blocks.
void show_until(const std::function<bool()>& done, const std::function<std::string()>& line);

} // namespace cli::load
