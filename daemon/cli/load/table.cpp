#include "cli/load/table.h"
#include "cli/settings.h"
#include "cli/text.h"
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <unistd.h>

namespace cli::load {
namespace {

constexpr std::pair<const char*, double> kShares[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

std::string fixed(double value, int digits) {
  char out[64];
  std::snprintf(out, sizeof out, "%.*f", digits, value);
  return out;
}

std::string right_of(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

double in_ms(std::chrono::microseconds value) {
  return static_cast<double>(value.count()) / 1000;
}

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

} // namespace

std::string milliseconds(std::chrono::microseconds value) {
  return fixed(in_ms(value), 1);
}

std::string clock_time(double seconds) {
  const auto all = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  char out[64];
  if (all >= 3600)
    std::snprintf(out, sizeof out, "%lu:%02lu:%02lu", static_cast<unsigned long>(all / 3600),
                  static_cast<unsigned long>(all / 60 % 60), static_cast<unsigned long>(all % 60));
  else
    std::snprintf(out, sizeof out, "%02lu:%02lu", static_cast<unsigned long>(all / 60),
                  static_cast<unsigned long>(all % 60));
  return out;
}

std::string as_table(const Facts& facts, const Numbers& numbers) {
  constexpr std::size_t first = 30, width = 9;
  std::string out = facts.tool + (facts.run.empty() ? "" : " run " + facts.run) + ", " +
                    harmless(facts.url) + ", from " + facts.started + ", " +
                    fixed(facts.seconds, 1) + " s; times in ms\n";
  std::string head = "operation";
  head.resize(first, ' ');
  for (const char* name : {"count", "per s", "MB/s", "p50", "p90", "p99", "p99.9", "max"})
    head += right_of(name, width);
  out += head + "\n";
  for (std::size_t i = 0; i < kOperations; ++i) {
    const auto& one = numbers.operations[i];
    if (one.latency.count() == 0) continue;
    std::string line(to_string(static_cast<Operation>(i)));
    line.resize(first, ' ');
    line += right_of(std::to_string(one.latency.count()), width);
    line += right_of(fixed(per_second(one.latency.count(), facts.seconds), 2), width);
    line += right_of(one.octets == 0 ? "-" : fixed(per_second(one.octets, facts.seconds) / 1e6, 3),
                     width);
    for (const auto& [name, share] : kShares)
      line += right_of(milliseconds(one.latency.at(share)), width);
    out += line + right_of(milliseconds(one.latency.max()), width) + "\n";
  }
  for (const auto& [name, count] : numbers.outcomes) {
    std::string line = harmless(name);
    line.resize(std::max(line.size() + 1, first), ' ');
    out += line + right_of(std::to_string(count), width) + "\n";
  }
  std::string counts;
  for (const auto& [name, count] : facts.counts)
    counts += (counts.empty() ? "" : ", ") + name + " " + std::to_string(count);
  out += counts + "\n";
  for (const auto& remark : facts.remarks) out += remark + "\n";
  out += facts.right ? "RIGHT\n" : "NOT RIGHT\n";
  return out;
}

boost::json::object as_json(const Facts& facts, const Numbers& numbers) {
  boost::json::object operations;
  for (std::size_t i = 0; i < kOperations; ++i) {
    const auto& one = numbers.operations[i];
    if (one.latency.count() == 0) continue;
    boost::json::object entry{{"count", one.latency.count()},
                              {"per_second", per_second(one.latency.count(), facts.seconds)},
                              {"octets", one.octets},
                              {"mean_ms", in_ms(one.latency.mean())}};
    for (const auto& [name, share] : kShares)
      entry[std::string(name) + "_ms"] = in_ms(one.latency.at(share));
    entry["max_ms"] = in_ms(one.latency.max());
    operations[to_string(static_cast<Operation>(i))] = std::move(entry);
  }
  boost::json::object outcomes, counts;
  for (const auto& [name, count] : numbers.outcomes) outcomes[harmless(name)] = count;
  for (const auto& [name, count] : facts.counts) counts[name] = count;
  boost::json::array remarks;
  for (const auto& remark : facts.remarks) remarks.push_back(boost::json::string(remark));
  return {{"tool", facts.tool},
          {"run", facts.run},
          {"url", harmless(facts.url)},
          {"started", facts.started},
          {"seconds", facts.seconds},
          {"operations", std::move(operations)},
          {"outcomes", std::move(outcomes)},
          {"counts", std::move(counts)},
          {"remarks", std::move(remarks)},
          {"right", facts.right}};
}

base::Result<> write_json(const std::string& path, const Facts& facts, const Numbers& numbers) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << boost::json::serialize(as_json(facts, numbers)) << "\n";
  out.close();
  if (!out) return base::fail(base::ErrorCode::file_error, path + ": cannot be written");
  return {};
}

void show_until(const std::function<bool()>& done, const std::function<std::string()>& line) {
  using namespace std::chrono_literals;
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  const auto every = terminal ? 1s : 10s;
  auto next = std::chrono::steady_clock::now() + every;
  bool shown = false;
  while (!done()) {
    const timespec slice{0, 50'000'000};
    ::nanosleep(&slice, nullptr);
    if (std::chrono::steady_clock::now() < next) continue;
    next += every;
    shown = true;
    std::cerr << (terminal ? "\r\x1b[K" : "") << line() << (terminal ? "" : "\n") << std::flush;
  }
  if (terminal && shown) std::cerr << "\n";
}

} // namespace cli::load
