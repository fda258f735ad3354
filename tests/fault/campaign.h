// The three campaigns. Each prints its table and the first violations, and returns how many there
// were; trouble of the campaign itself is an exception.
#pragma once
#include "fault/disk.h"
#include "fault/history.h"
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fault {

struct Campaign {
  std::filesystem::path program; // fault_workload, or its copy with seeded bugs
  std::filesystem::path folder;  // to work in; better in memory
  std::uint64_t seed = 1;
};

// Runs a workload in a process of its own, from an empty folder.
struct Run {
  int status = 0; // of its exit; 1000 + number: killed by a signal
  Calls calls;
  Image left; // in the folder
};
Run run_workload(const Campaign& campaign, std::string_view workload,
                 const std::vector<std::string>& fault = {});

// Power cuts: crash states of every workload, `states` together.
std::uint64_t cut_power(const Campaign& campaign, std::uint64_t states);
// One failing system call a run, about `runs` of each kind.
std::uint64_t fail_calls(const Campaign& campaign, std::uint64_t runs);
// Damage to a finished state folder, `flips` of each kind.
// `strict`: silence about the log and the database is a violation too.
std::uint64_t flip_bits(const Campaign& campaign, std::uint64_t flips, bool strict);

// What the marks before `end` promise.
History history_until(const Calls& calls, std::size_t end);
// Puts an image into the campaign's folder, opens it there and judges it.
std::vector<Violation> judge_image(const Campaign& campaign, std::string_view workload,
                                   const Image& image, const History& history,
                                   Found* found = nullptr);

// Prints the first few of a campaign.
class Complaints {
 public:
  void add(const std::string& where, const std::vector<Violation>& violations);
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0; // states or runs with a violation
};

} // namespace fault
