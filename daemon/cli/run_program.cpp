#include "cli/run_program.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ; // NOLINT: POSIX names it so

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }
  int get() const { return number_; }

 private:
  int number_;
};

// posix_spawn wants its settings initialised and destroyed by hand.
struct Settings {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Settings() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  ~Settings() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
};

// A child that has not been waited for: killed, with its group, and waited for at the latest here.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (id_ > 0) wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t id() const { return id_; }
  // The wait status. The group goes first: while its leader is not waited for, the number cannot
  // belong to anybody else.
  int wait() {
    ::kill(-id_, SIGKILL);
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

// Not through <sys/pidfd.h>: that of glibc 2.36 cannot be used from C++ (no extern "C").
int descriptor_of(pid_t id) {
  return static_cast<int>(::syscall(SYS_pidfd_open, id, 0));
}

std::string reason(int number) {
  return std::strerror(number);
}

// Takes what the pipe holds now. False: the end.
base::Result<bool> drain(int pipe, std::string& out, std::size_t limit) {
  std::array<char, 64 * 1024> block;
  for (;;) {
    const ssize_t got = ::read(pipe, block.data(), block.size());
    if (got == 0) return false;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got < 0) return fail(ErrorCode::file_error, "output cannot be read: " + reason(errno));
    if (static_cast<std::size_t>(got) > limit - out.size())
      return fail(ErrorCode::too_large, "more than " + std::to_string(limit) + " bytes of output");
    out.append(block.data(), static_cast<std::size_t>(got));
  }
}

std::vector<std::string> environment_without(const std::vector<std::string>& hidden) {
  std::vector<std::string> out;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view entry(*one);
    const auto name = entry.substr(0, entry.find('='));
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) out.emplace_back(entry);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

base::Result<pid_t> start(const Program& program, int output) {
  Settings settings;
  ::posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&settings.files, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addclosefrom_np(&settings.files, STDERR_FILENO + 1);
  sigset_t none, usual;
  ::sigemptyset(&none);
  ::sigfillset(&usual);
  ::posix_spawnattr_setsigmask(&settings.attributes, &none);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &usual);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(
      &settings.attributes,
      static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));

  std::vector<std::string> arguments{program.path};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  auto environment = environment_without(program.hidden_variables);
  pid_t id = 0;
  const int failed =
      ::posix_spawnp(&id, program.path.c_str(), &settings.files, &settings.attributes,
                     pointers(arguments).data(), pointers(environment).data());
  if (failed != 0)
    return fail(ErrorCode::file_error, program.path + ": cannot be started: " + reason(failed));
  return id;
}

} // namespace

base::Result<std::string> run_program(const Program& program, const ProgramLimits& limits) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + limits.time;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::file_error, "no pipe: " + reason(errno));
  Descriptor reading(ends[0]), writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  const auto id = start(program, writing.get());
  if (!id) return id.error();
  writing.reset();
  Child child(*id);
  const Descriptor ended(descriptor_of(child.id()));
  if (ended.get() < 0)
    return fail(ErrorCode::file_error, "the program cannot be watched: " + reason(errno));

  std::string out;
  bool open = true;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0)
      return fail(ErrorCode::timed_out, program.path + ": not done within " +
                                            std::to_string(limits.time.count()) + " ms");
    std::array<pollfd, 2> watched{pollfd{ended.get(), POLLIN, 0},
                                  pollfd{open ? reading.get() : -1, POLLIN, 0}};
    // A minute at most, so that the count fits; the loop looks at the deadline again.
    const int ready =
        ::poll(watched.data(), watched.size(), static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready < 0 && errno != EINTR)
      return fail(ErrorCode::file_error, "the program cannot be watched: " + reason(errno));
    if (ready <= 0) continue;
    if (open) {
      // Before looking at the end: what a program has written is in the pipe when it ends.
      const auto more = drain(reading.get(), out, limits.output);
      if (!more) return fail(more.error().code, program.path + ": " + more.error().detail);
      open = *more;
    }
    if (watched[0].revents != 0) break;
  }
  // Once more, for what came between the last look and the end. Not until the end of the file:
  // something left behind in the background may hold it open.
  if (open)
    if (const auto more = drain(reading.get(), out, limits.output); !more)
      return fail(more.error().code, program.path + ": " + more.error().detail);
  const int status = child.wait();
  if (WIFSIGNALED(status))
    return fail(ErrorCode::file_error,
                program.path + ": ended by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return fail(ErrorCode::file_error,
                program.path + ": ended with code " + std::to_string(WEXITSTATUS(status)));
  return out;
}

} // namespace cli
