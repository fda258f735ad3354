// One process that does one workload on a state folder, recorded; see README.md. Exit status: 0
// done, 4 the store refused to open (as the daemon would refuse to start), 74 a sync failed, 2
// usage.
#include "fault/system_calls.h"
#include "fault/workload.h"
#include <cstdio>
#include <map>
#include <string>

namespace {

const std::map<std::string, fault::Fault::Kind> kKinds = {
    {"disk_full", fault::Fault::Kind::disk_full},
    {"write_error", fault::Fault::Kind::write_error},
    {"sync_error", fault::Fault::Kind::sync_error},
    {"short_write", fault::Fault::Kind::short_write},
    {"slow", fault::Fault::Kind::slow}};

void mark_counts() {
  for (const auto& [name, kind] : kKinds)
    fault::mark("calls " + name + " " + std::to_string(fault::calls_for(kind)));
}

} // namespace

// usage: fault_workload NAME FOLDER RECORDING [KIND AT LASTING]
int main(int count, char** arguments) {
  if (count != 4 && count != 7) return 2;
  const std::string name = arguments[1], root = arguments[2];
  fault::Fault fault;
  if (count == 7) {
    const auto kind = kKinds.find(arguments[4]);
    if (kind == kKinds.end()) return 2;
    fault.kind = kind->second;
    fault.at = std::stoull(arguments[5]);
    fault.lasting = std::stoull(arguments[6]);
  }
  for (const auto& workload : fault::kWorkloads) {
    if (workload.name != name) continue;
    fault::start_recording(root, arguments[3], fault);
    fault::Session session(name, root + "/state");
    if (session.open()) workload.run(session);
    if (session.refused()) return 4;
    fault::mark("end");
    session.close();
    mark_counts();
    fault::mark("closed");
    return 0;
  }
  std::fprintf(stderr, "fault_workload: unknown workload\n");
  return 2;
}
