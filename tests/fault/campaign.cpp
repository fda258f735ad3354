#include "fault/campaign.h"
#include "fault/recovery.h"
#include <cstdio>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace fault {

namespace fs = std::filesystem;

Run run_workload(const Campaign& campaign, std::string_view workload,
                 const std::vector<std::string>& fault) {
  const auto root = campaign.folder / "recorded", recording = campaign.folder / "recording",
             output = campaign.folder / "output";
  fs::remove_all(root);
  fs::create_directories(root);
  std::vector<std::string> words = {campaign.program.string(), std::string(workload), root.string(),
                                    recording.string()};
  words.insert(words.end(), fault.begin(), fault.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(words[0] + " cannot be started");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  Run out;
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  out.calls = load_recording(recording);
  out.left = read_image(root);
  return out;
}

History history_until(const Calls& calls, std::size_t end) {
  History out;
  for (std::size_t i = 0; i < end; ++i)
    if (calls[i].kind == CallKind::mark) out.add(calls[i].bytes);
  return out;
}

std::vector<Violation> judge_image(const Campaign& campaign, std::string_view workload,
                                   const Image& image, const History& history, Found* found) {
  const auto root = campaign.folder / "judged";
  write_image(image, root);
  auto seen = recover(history, workload, root);
  auto out = judge(history, seen);
  if (found) *found = std::move(seen);
  return out;
}

void Complaints::add(const std::string& where, const std::vector<Violation>& violations) {
  if (violations.empty()) return;
  if (++count_ > 8) return;
  std::size_t shown = 0;
  for (const auto& one : violations) {
    if (++shown > 4) break;
    std::printf("  VIOLATION %s: %s%s%s: %s\n", where.c_str(),
                std::string(to_string(one.rule)).c_str(), one.about.empty() ? "" : " ",
                one.about.c_str(), one.what.c_str());
  }
}

} // namespace fault
