// The program `osci` as a child process, with the keys of a party.
#pragma once
#include "support/keys.h"
#include "temporary_folder.h"
#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

extern char** environ;

namespace test {

class OsciProgram {
 public:
  // `party`: "sender", "recipient". `more`: further arguments.
  OsciProgram(const std::string& subcommand, const std::string& party,
              const std::vector<std::string>& more) {
    const std::string keys = support::captures_folder() + "/keys/";
    folder.write("pin", "123456\n");
    ::chmod((folder / "pin").c_str(), 0600);
    std::vector<std::string> arguments{OSCI_PROGRAM,
                                       subcommand,
                                       "--out=" + (folder / "in"),
                                       "--cipher-key=" + keys + party + "_cipher.p12",
                                       "--signature-key=" + keys + party + "_sign.p12",
                                       "--pin-file=" + (folder / "pin"),
                                       "--intermediary-cipher-cert=" + keys + "intermed_cipher.cer",
                                       "--intermediary-signature-cert=" + keys +
                                           "intermed_sign.cer"};
    const bool other_out = std::any_of(more.begin(), more.end(),
                                       [](const auto& one) { return one.starts_with("--out="); });
    if (subcommand == "send" || other_out)
      arguments.erase(arguments.begin() + 2); // it writes nothing
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> pointers;
    for (auto& one : arguments) pointers.push_back(one.data());
    pointers.push_back(nullptr);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder / "stderr").c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int failed =
        ::posix_spawn(&id_, OSCI_PROGRAM, &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) throw std::runtime_error("osci cannot be started");
  }
  ~OsciProgram() {
    if (id_ > 0) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }
    ::close(output_);
  }
  OsciProgram(const OsciProgram&) = delete;
  OsciProgram& operator=(const OsciProgram&) = delete;

  // The next line on stdout; empty: none within two minutes, which a busy machine may need, or the
  // end.
  std::string line() {
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const auto out = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return out;
      }
      if (!more()) return {};
    }
  }
  // All that is left of stdout, until its end.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(buffer_, {});
  }
  void stop(int signal) { ::kill(id_, signal); }
  // The exit code; -1: another end.
  int end() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string errors() const { return content_of(folder / "stderr"); }

  TemporaryFolder folder;

 private:
  bool more() {
    pollfd watched{output_, POLLIN, 0};
    std::array<char, 4096> block;
    if (::poll(&watched, 1, 120'000) <= 0) return false;
    const auto got = ::read(output_, block.data(), block.size());
    if (got <= 0) return false;
    buffer_.append(block.data(), static_cast<std::size_t>(got));
    return true;
  }

  pid_t id_ = -1;
  int output_ = -1;
  std::string buffer_;
};

} // namespace test
