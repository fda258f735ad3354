#include "fault/campaign.h"
#include "fault/workload.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <random>

namespace fault {
namespace {

constexpr int kDone = 0, kRefusedStart = 4, kSyncFailed = 74;

struct Kind {
  const char* name;
  std::vector<std::uint64_t> lasting; // in turn
  bool may_refuse, may_end;           // else nothing may be seen of it
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {{"disk_full", {1, 6, 12}, true, false},
                                        {"write_error", {1}, true, true},
                                        {"sync_error", {1}, true, true},
                                        {"short_write", {1, 3}, false, false},
                                        {"slow", {2}, false, false}};
  return all;
}

struct Row {
  std::uint64_t runs = 0, unseen = 0, refused = 0, no_start = 0, ended = 0, states = 0;
  Complaints complaints;
};

std::uint64_t count(const Calls& calls, std::string_view beginning) {
  return static_cast<std::uint64_t>(std::count_if(calls.begin(), calls.end(), [&](const Call& one) {
    return one.kind == CallKind::mark && one.bytes.starts_with(beginning);
  }));
}

void judge_run(const Campaign& campaign, std::string_view workload, const Kind& kind,
               const Run& run, const std::string& where, Row& row) {
  ++row.runs;
  std::vector<Violation> violations;
  const auto wrong = [&](std::string what) {
    violations.push_back({Rule::unexpected, "", std::move(what)});
  };
  const bool refused = count(run.calls, "failed ") > 0;
  if (run.status == kDone)
    ++(refused ? row.refused : row.unseen);
  else if (run.status == kRefusedStart)
    ++row.no_start;
  else if (run.status == kSyncFailed)
    ++row.ended;
  else
    wrong("exit status " + std::to_string(run.status));
  if (run.status == kSyncFailed && !kind.may_end) wrong("the process ended");
  if ((refused || run.status == kRefusedStart) && !kind.may_refuse) wrong("it was refused");

  const History history = history_until(run.calls, run.calls.size());
  // The restart of the process finds what the running system shows.
  for (auto& one : judge_image(campaign, workload, run.left, history))
    violations.push_back(std::move(one));
  row.complaints.add(where, violations);
  if (run.status == kDone) return;
  // A power cut on top of it finds less: what was not synced, and never will be.
  Disk disk;
  for (const auto& call : run.calls) disk.apply(call);
  for (const auto& luck : {Luck{Model::strict, 0, 4096, 0, 1}, Luck{Model::ext4, 0, 4096, 0, 2},
                           Luck{Model::strict, 0.5, 512, 0.5, 3}}) {
    ++row.states;
    row.complaints.add(where + ", and a power cut",
                       judge_image(campaign, workload, disk.after_cut(luck), history));
  }
}

std::uint64_t counted(const Calls& calls, const std::string& kind) {
  const std::string beginning = "calls " + kind + " ";
  for (const auto& call : calls)
    if (call.kind == CallKind::mark && call.bytes.starts_with(beginning))
      return std::stoull(call.bytes.substr(beginning.size()));
  return 0;
}

} // namespace

std::uint64_t fail_calls(const Campaign& campaign, std::uint64_t runs) {
  std::map<std::string, Row> rows;
  std::mt19937_64 random(campaign.seed);
  for (const auto& workload : kWorkloads) {
    // The long one only repeats what the others do.
    const bool is_long = workload.weight == 1;
    const std::uint64_t share =
        is_long ? runs / 40 : (runs - runs / 40) / (kWorkloads.size() - 1) + 1;
    if (share == 0) continue;
    const Run good = run_workload(campaign, workload.name);
    for (const auto& kind : kinds()) {
      const auto calls = counted(good.calls, kind.name);
      if (calls == 0) throw std::runtime_error(std::string("no calls for ") + kind.name);
      // Evenly over the workload, at a new place each time.
      const auto wanted = std::min(share, calls);
      for (std::uint64_t i = 0; i < wanted; ++i) {
        const auto from = calls * i / wanted, to = std::max(from + 1, calls * (i + 1) / wanted);
        const auto at = 1 + from + random() % (to - from);
        const auto lasting = kind.lasting[(i + random()) % kind.lasting.size()];
        const auto run = run_workload(campaign, workload.name,
                                      {kind.name, std::to_string(at), std::to_string(lasting)});
        judge_run(campaign, workload.name, kind, run,
                  std::string(workload.name) + ", " + kind.name + " at call " + std::to_string(at) +
                      " for " + std::to_string(lasting),
                  rows[kind.name]);
      }
    }
  }
  std::printf("failing calls, seed %llu\n", static_cast<unsigned long long>(campaign.seed));
  std::printf("%-12s %6s %8s %8s %9s %9s %8s %11s\n", "kind", "runs", "unseen", "refused",
              "no start", "status 74", "and cut", "violations");
  std::uint64_t violations = 0;
  for (const auto& kind : kinds()) {
    const Row& row = rows[kind.name];
    std::printf(
        "%-12s %6llu %8llu %8llu %9llu %9llu %8llu %11llu\n", kind.name,
        static_cast<unsigned long long>(row.runs), static_cast<unsigned long long>(row.unseen),
        static_cast<unsigned long long>(row.refused), static_cast<unsigned long long>(row.no_start),
        static_cast<unsigned long long>(row.ended), static_cast<unsigned long long>(row.states),
        static_cast<unsigned long long>(row.complaints.count()));
    violations += row.complaints.count();
  }
  return violations;
}

} // namespace fault
