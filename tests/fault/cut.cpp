#include "fault/campaign.h"
#include "fault/workload.h"
#include <algorithm>
#include <cstdio>
#include <functional>
#include <numeric>
#include <random>
#include <stdexcept>

namespace fault {
namespace {

// One crash state: after so many calls, with this luck.
struct Moment {
  std::size_t calls = 0;
  Luck luck;
};

std::string describe(std::string_view workload, const Moment& moment, std::size_t all) {
  const auto& luck = moment.luck;
  return std::string(workload) + ", cut after call " + std::to_string(moment.calls) + " of " +
         std::to_string(all) + ", " + std::string(to_string(luck.model)) + ", " +
         std::to_string(static_cast<int>(luck.persists * 100)) + " % persist, seed " +
         std::to_string(luck.seed);
}

// What the first half of the states is taken from: nothing unsynced persists, in both models, and
// all of it does.
std::vector<Moment> plain_moments(std::size_t calls) {
  std::vector<Moment> out;
  for (std::size_t i = 0; i <= calls; ++i)
    for (const auto& [model, persists] :
         {std::pair{Model::strict, 0.0}, {Model::ext4, 0.0}, {Model::strict, 1.0}})
      out.push_back({i, Luck{model, persists, 4096, 0, 0}});
  return out;
}

Moment random_moment(const std::vector<std::size_t>& after_marks, std::size_t calls,
                     std::mt19937_64& random) {
  constexpr double kChances[] = {0.05, 0.3, 0.5, 0.7, 0.95};
  Moment out;
  // A quarter of them as soon as something was promised; little is unsynced then.
  out.calls = random() % 4 == 0 && !after_marks.empty() ? after_marks[random() % after_marks.size()]
                                                        : random() % (calls + 1);
  out.luck.model = random() % 2 == 0 ? Model::strict : Model::ext4;
  out.luck.persists = kChances[random() % 5];
  out.luck.sector = random() % 2 == 0 ? 512 : 4096;
  out.luck.torn = random() % 2 == 0 ? 0 : 0.5;
  out.luck.seed = random();
  return out;
}

std::size_t hash(const Image& image) {
  std::size_t out = image.size();
  for (const auto& [path, content] : image) {
    const std::size_t one =
        std::hash<std::string>()(path) * 31 + (content ? std::hash<std::string>()(*content) : 7);
    out = out * 1'000'003 + one;
  }
  return out;
}

// The index of shared memory may be there from before the cut; nothing in it is true.
void leave_shared_memory(Image& image, std::mt19937_64& random) {
  if (random() % 4 != 0 || !image.contains("state/mailbox.db")) return;
  std::string rubbish(32 << 10, '\0');
  for (auto& c : rubbish) c = static_cast<char>(random());
  image["state/mailbox.db-shm"] = std::make_shared<std::string>(std::move(rubbish));
}

// Replayed in full, the recording must give what the workload left; else a call was missed.
void check_complete(std::string_view workload, const Run& run) {
  Disk disk;
  for (const auto& call : run.calls) disk.apply(call);
  if (run.status != 0)
    throw std::runtime_error(std::string(workload) + " ended with status " +
                             std::to_string(run.status));
  if (!same(disk.current(), run.left))
    throw std::runtime_error(std::string(workload) + ": the recording is not complete");
}

struct Row {
  std::size_t calls = 0, syncs = 0;
  std::uint64_t states = 0, promises = 0;
  Complaints complaints;
};

void judge_moments(const Campaign& campaign, std::string_view workload, const Run& run,
                   std::vector<Moment> moments, std::uint64_t most, std::set<std::size_t>& known,
                   Row& row) {
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& a, const Moment& b) { return a.calls < b.calls; });
  std::mt19937_64 random(campaign.seed + known.size());
  Disk disk;
  History history;
  std::size_t applied = 0;
  for (const auto& moment : moments) {
    if (row.states >= most) return;
    for (; applied < moment.calls; ++applied) {
      disk.apply(run.calls[applied]);
      if (run.calls[applied].kind == CallKind::mark) history.add(run.calls[applied].bytes);
    }
    Image image = disk.after_cut(moment.luck);
    // The same state with the same promises is judged once.
    if (!known.insert(hash(image) * 31 + history.promises).second) continue;
    leave_shared_memory(image, random);
    ++row.states;
    row.promises += history.promises;
    row.complaints.add(describe(workload, moment, run.calls.size()),
                       judge_image(campaign, workload, image, history));
  }
}

Row cut_workload(const Campaign& campaign, std::string_view workload, std::uint64_t states) {
  const Run run = run_workload(campaign, workload);
  check_complete(workload, run);
  Row row;
  std::vector<std::size_t> after_marks;
  for (std::size_t i = 0; i < run.calls.size(); ++i) {
    const auto& call = run.calls[i];
    if (call.kind == CallKind::mark) {
      if (call.bytes.starts_with("told ")) after_marks.push_back(i + 1);
      continue;
    }
    ++row.calls;
    if (call.kind == CallKind::sync || call.kind == CallKind::sync_folder) ++row.syncs;
  }
  std::mt19937_64 random(campaign.seed);
  std::set<std::size_t> known;
  auto plain = plain_moments(run.calls.size());
  std::shuffle(plain.begin(), plain.end(), random);
  if (plain.size() > states / 2) plain.resize(states / 2);
  judge_moments(campaign, workload, run, plain, states, known, row);
  // Many are the same as one before; a workload may have fewer states than are asked for.
  for (int round = 0; round < 100 && row.states < states; ++round) {
    std::vector<Moment> more;
    for (std::uint64_t i = row.states; i < states; ++i)
      more.push_back(random_moment(after_marks, run.calls.size(), random));
    judge_moments(campaign, workload, run, std::move(more), states, known, row);
  }
  return row;
}

} // namespace

std::uint64_t cut_power(const Campaign& campaign, std::uint64_t states) {
  unsigned weights = 0;
  for (const auto& workload : kWorkloads) weights += workload.weight;
  std::printf("power cuts, seed %llu\n", static_cast<unsigned long long>(campaign.seed));
  std::printf("%-12s %7s %6s %8s %10s %11s\n", "workload", "calls", "syncs", "states", "promises",
              "violations");
  std::uint64_t all = 0, promises = 0, violations = 0;
  for (const auto& workload : kWorkloads) {
    const auto share = (states * workload.weight + weights - 1) / weights;
    const Row row = cut_workload(campaign, workload.name, share);
    std::printf("%-12s %7zu %6zu %8llu %10llu %11llu\n", std::string(workload.name).c_str(),
                row.calls, row.syncs, static_cast<unsigned long long>(row.states),
                static_cast<unsigned long long>(row.promises),
                static_cast<unsigned long long>(row.complaints.count()));
    std::fflush(stdout);
    all += row.states;
    promises += row.promises;
    violations += row.complaints.count();
  }
  std::printf("%-12s %7s %6s %8llu %10llu %11llu\n", "all", "", "",
              static_cast<unsigned long long>(all), static_cast<unsigned long long>(promises),
              static_cast<unsigned long long>(violations));
  return violations;
}

} // namespace fault
