#include "fault/campaign.h"
#include "fault/workload.h"
#include <algorithm>
#include <cstdio>
#include <random>
#include <stdexcept>

namespace fault {
namespace {

enum class Damage { bit, cut_short, gone };

struct Kind {
  const char* name;
  bool (*is_target)(const std::string& path);
  Damage damage;
  bool orderly;      // after the store was closed: all is in the database; else the log is full
  bool one_delivery; // at most one may suffer
  bool is_found;     // always; else silence counts only when strict
};

bool is_body(const std::string& path) {
  return path.starts_with("state/bodies/");
}

bool is_spool(const std::string& path) {
  return path.starts_with("state/spool/");
}

bool is_database(const std::string& path) {
  return path == "state/mailbox.db";
}

bool is_log(const std::string& path) {
  return path == "state/mailbox.db-wal";
}

constexpr Kind kKinds[] = {
    {"bit in a body", is_body, Damage::bit, true, true, true},
    {"body cut short", is_body, Damage::cut_short, false, true, true},
    {"body gone", is_body, Damage::gone, true, true, true},
    {"bit in a spool file", is_spool, Damage::bit, true, true, true},
    {"bit in the database", is_database, Damage::bit, true, false, false},
    {"bit in the log", is_log, Damage::bit, false, false, false},
};

struct Finished {
  std::string_view workload;
  History history;
  Image running, closed;
};

Finished finish(const Campaign& campaign, std::string_view workload) {
  const Run run = run_workload(campaign, workload);
  Finished out;
  out.workload = workload;
  out.history = history_until(run.calls, run.calls.size());
  Disk disk;
  for (const auto& call : run.calls) {
    if (call.kind == CallKind::mark && call.bytes == "end") out.running = disk.current();
    disk.apply(call);
  }
  out.closed = disk.current();
  return out;
}

struct Row {
  std::uint64_t runs = 0, harmless = 0, quarantined = 0, no_start = 0, other = 0, silent = 0;
  Complaints complaints;
};

} // namespace

std::uint64_t flip_bits(const Campaign& campaign, std::uint64_t flips, bool strict) {
  std::vector<Finished> all;
  for (const auto& workload : kWorkloads)
    if (workload.weight > 1) all.push_back(finish(campaign, workload.name));
  std::mt19937_64 random(campaign.seed);
  std::printf("damage, seed %llu\n", static_cast<unsigned long long>(campaign.seed));
  std::printf("%-20s %6s %9s %12s %9s %7s %7s %11s\n", "kind", "runs", "harmless", "quarantined",
              "no start", "errors", "silent", "violations");
  std::uint64_t violations = 0;
  for (const auto& kind : kKinds) {
    Row row;
    while (row.runs < flips) {
      const auto& one = all[random() % all.size()];
      Image image = kind.orderly ? one.closed : one.running;
      std::vector<std::string> targets;
      for (const auto& [path, content] : image)
        if (content && !content->empty() && kind.is_target(path)) targets.push_back(path);
      if (targets.empty()) continue;
      const auto& target = targets[random() % targets.size()];
      std::string content = *image[target];
      const auto place = random() % content.size();
      const auto bit = random() % 8;
      if (kind.damage == Damage::bit)
        content[place] = static_cast<char>(content[place] ^ (1 << bit));
      else
        content.resize(place);
      if (kind.damage == Damage::gone)
        image.erase(target);
      else
        image[target] = std::make_shared<std::string>(std::move(content));

      Found found;
      auto judged = judge_image(campaign, one.workload, image, one.history, &found);
      ++row.runs;
      const bool quarantined =
          std::any_of(found.damage.begin(), found.damage.end(), [](const std::string& line) {
            return line.starts_with("delivery.quarantined");
          });
      const bool loud = found.no_start || !found.damage.empty() || !found.stuck.empty();
      if (found.no_start)
        ++row.no_start;
      else if (quarantined)
        ++row.quarantined;
      else if (loud)
        ++row.other;
      else if (judged.empty())
        ++row.harmless;
      else
        ++row.silent;

      // Losing what is damaged is no violation when it is told. Handing it out always is, and so is
      // a loss in silence, and taking neighbours along.
      std::vector<Violation> counted;
      std::set<std::string> suffering;
      for (const auto& violation : judged) {
        const bool content_wrong =
            violation.rule == Rule::altered || violation.rule == Rule::invented;
        if ((!loud && (kind.is_found || strict)) || content_wrong) counted.push_back(violation);
        if (!violation.about.empty()) suffering.insert(violation.about);
      }
      if (kind.one_delivery && suffering.size() > 1)
        counted.push_back({Rule::lost, "", "neighbours suffer"});
      row.complaints.add(std::string(one.workload) + ", " + kind.name + ", " + target + " octet " +
                             std::to_string(place) + " bit " + std::to_string(bit),
                         counted);
    }
    std::printf(
        "%-20s %6llu %9llu %12llu %9llu %7llu %7llu %11llu\n", kind.name,
        static_cast<unsigned long long>(row.runs), static_cast<unsigned long long>(row.harmless),
        static_cast<unsigned long long>(row.quarantined),
        static_cast<unsigned long long>(row.no_start), static_cast<unsigned long long>(row.other),
        static_cast<unsigned long long>(row.silent),
        static_cast<unsigned long long>(row.complaints.count()));
    violations += row.complaints.count();
  }
  return violations;
}

} // namespace fault
