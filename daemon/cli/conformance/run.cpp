#include "cli/conformance/run.h"
#include <chrono>

namespace cli::conformance {

namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point begin) {
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

Result run_one(const Case& tested, Bench& bench) {
  Result out{tested, Verdict::passed, {}, 0};
  const auto begin = Steady::now();
  bench.begin_case();
  try {
    out.observed = tested.run(bench);
  } catch (const NotRun& why) {
    out.verdict = Verdict::not_run;
    out.observed = why.what();
  } catch (const NotOffered& why) {
    out.verdict = Verdict::not_offered;
    out.observed = why.what();
  } catch (const Unreachable& why) {
    out.verdict = Verdict::failed;
    out.observed = std::string("no answer: ") + why.what();
  } catch (const std::exception& why) {
    out.verdict = Verdict::failed;
    out.observed = why.what();
  }
  bench.end_case();
  out.seconds = seconds_since(begin);
  return out;
}

} // namespace

std::vector<Result> run_cases(const std::vector<Case>& cases, Bench& bench, const RunLimits& limits,
                              const std::function<void(const Result&)>& progress) {
  std::vector<Result> out;
  const auto begin = Steady::now();
  std::size_t unanswered = 0;
  for (const auto& tested : cases) {
    Result result{tested, Verdict::not_run, {}, 0};
    if (limits.stop && limits.stop())
      result.observed = "stopped";
    else if (seconds_since(begin) > limits.seconds)
      result.observed = "time limit";
    else if (unanswered >= limits.unreachable)
      result.observed = "the intermediary cannot be reached";
    else
      result = run_one(tested, bench);
    const bool silent =
        result.verdict == Verdict::failed && result.observed.starts_with("no answer: ");
    if (result.verdict == Verdict::passed || result.verdict == Verdict::failed)
      unanswered = silent ? unanswered + 1 : 0;
    if (limits.require_all &&
        (result.verdict == Verdict::not_run || result.verdict == Verdict::not_offered)) {
      result.observed = std::string(to_string(result.verdict)) + ": " + result.observed;
      result.verdict = Verdict::failed;
    }
    if (progress) progress(result);
    out.push_back(std::move(result));
  }
  return out;
}

} // namespace cli::conformance
