#include "ops/systemd.h"
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
const fs::path kUnits = fs::path(DC_SOURCE_DIR) / "systemd";

// Stands for the service manager: receives what is sent to NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket() : path_(fs::temp_directory_path() / ("dc_notify_" + std::to_string(::getpid()))) {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    fs::remove(path_);
    const void* raw = &address;
    bound_ = ::bind(fd_, static_cast<const sockaddr*>(raw), sizeof address) == 0;
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
    fs::remove(path_);
  }
  bool bound() const { return bound_; }
  std::string receive() {
    std::array<char, 4096> block;
    const auto got = ::recv(fd_, block.data(), block.size(), MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(block.data(), static_cast<std::size_t>(got));
  }

 private:
  fs::path path_;
  int fd_ = -1;
  bool bound_ = false;
};

struct Ran {
  int status = -1;
  std::string output;
};

Ran run(const std::string& command) {
  Ran ran;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return ran;
  std::array<char, 4096> block;
  while (const auto got = std::fread(block.data(), 1, block.size(), pipe))
    ran.output.append(block.data(), got);
  ran.status = ::pclose(pipe);
  return ran;
}

bool have(const std::string& program) {
  return run("command -v " + program).status == 0;
}

TEST(Systemd, NotificationsReachTheServiceManager) {
  NotifySocket manager;
  ASSERT_TRUE(manager.bound());
  ops::notify_ready("Serving\non two addresses");
  EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=Serving on two addresses");
  ops::notify_status("Busy");
  EXPECT_EQ(manager.receive(), "STATUS=Busy");
  ops::notify_watchdog();
  EXPECT_EQ(manager.receive(), "WATCHDOG=1");
  ops::notify_stopping();
  EXPECT_EQ(manager.receive(), "STOPPING=1\nSTATUS=Stopping");
  ops::notify_reloading();
  const auto reloading = manager.receive();
  const std::string before = "RELOADING=1\nMONOTONIC_USEC=", after = "\nSTATUS=Reloading";
  ASSERT_EQ(reloading.rfind(before, 0), 0u) << reloading;
  EXPECT_GT(std::stoull(reloading.substr(before.size())), 0u);
  EXPECT_EQ(reloading.find(after), reloading.size() - after.size());
}

TEST(Systemd, WithoutServiceManagerNothingHappens) {
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  ops::notify_ready("alone");
  EXPECT_FALSE(ops::watchdog_interval());
}

TEST(Systemd, WatchdogIntervalComesFromTheEnvironment) {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(ops::watchdog_interval(), std::chrono::seconds{30});
  ::setenv("WATCHDOG_PID", "1", 1); // meant for another process
  EXPECT_FALSE(ops::watchdog_interval());
  ::unsetenv("WATCHDOG_PID");
  ::unsetenv("WATCHDOG_USEC");
}

TEST(Systemd, TheServiceIsHardened) {
  if (!have("systemd-analyze")) GTEST_SKIP() << "systemd-analyze is not installed";
  const auto ran = run("systemd-analyze security --no-pager --offline=true --threshold=20 " +
                       (kUnits / "dataclearingd.service").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
  const auto level = ran.output.find("exposure level for");
  ASSERT_NE(level, std::string::npos) << ran.output;
  EXPECT_LE(std::stod(ran.output.substr(ran.output.find(": ", level) + 2)), 2.0);
}

TEST(Systemd, TheServiceFileIsValid) {
  if (!have("systemd-analyze")) GTEST_SKIP() << "systemd-analyze is not installed";
  // verify looks for the binary, which is not installed in a build tree.
  std::ifstream in(kUnits / "dataclearingd.service");
  std::ostringstream text;
  text << in.rdbuf();
  const auto folder = fs::temp_directory_path() / ("dc_units_" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::string unit = text.str();
  const std::string binary = "/usr/bin/dataclearingd";
  const auto at = unit.find(binary);
  ASSERT_NE(at, std::string::npos);
  std::ofstream(folder / "dataclearingd.service")
      << unit.replace(at, binary.size(), "/usr/bin/env");
  const auto ran =
      run("systemd-analyze verify --man=no " + (folder / "dataclearingd.service").string());
  fs::remove_all(folder);
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_EQ(ran.output, "");
}

TEST(Systemd, TheAccountCanBeMade) {
  if (!have("systemd-sysusers")) GTEST_SKIP() << "systemd-sysusers is not installed";
  const auto ran =
      run("systemd-sysusers --dry-run " + (kUnits / "dataclearing.sysusers.conf").string());
  EXPECT_EQ(ran.status, 0) << ran.output;
}

} // namespace
