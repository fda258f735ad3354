#include "crash/daemon_process.h"
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <random>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace crash {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Socket {
 public:
  Socket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (number_ < 0) throw std::runtime_error("no socket");
  }
  ~Socket() { ::close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool bind(unsigned short port) {
    const int on = 1;
    ::setsockopt(number_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return with_address(
        port, [&](const sockaddr* to, socklen_t size) { return ::bind(number_, to, size) == 0; });
  }
  bool connect(unsigned short port) {
    return with_address(port, [&](const sockaddr* to, socklen_t size) {
      return ::connect(number_, to, size) == 0;
    });
  }

 private:
  template <class Call>
  static bool with_address(unsigned short port, const Call& call) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return call(reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  int number_;
};

// Below the kernel's range for outgoing connections: there, a client that keeps dialling while the
// daemon is dead would one day be given this very port and talk to itself.
unsigned short free_port() {
  std::random_device seed;
  std::uniform_int_distribution<int> draw(20'000, 30'000);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto port = static_cast<unsigned short>(draw(seed));
    if (Socket().bind(port)) return port;
  }
  throw std::runtime_error("no free port");
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

} // namespace

DaemonProcess::DaemonProcess(const Setup& setup) : program_(setup.program), port_(free_port()) {
  if (::access(program_.c_str(), X_OK) != 0)
    throw std::runtime_error(program_ + " is no program; build the daemon first");
  fs::create_directories(setup.state);
  state_ = fs::canonical(setup.state).string();
  write_configuration(setup);
}

void DaemonProcess::write_configuration(const Setup& setup) {
  const std::string keys = fs::canonical(setup.keys).string();
  write(state_ + "/pin.txt", "123456\n");
  std::ostringstream directory;
  for (std::size_t i = 0; i < setup.owners.size(); ++i) {
    const auto certificate = keys + "/" + setup.owners[i];
    directory << "[[organisation]]\nkey = \"wgb:05913000000" << i << "\"\nname = \""
              << setup.owners[i] << "\"\ncertificate = [\n  { file = \"" << certificate
              << "_cipher.cer\", use = \"cipher\" },\n  { file = \"" << certificate
              << "_sign.cer\", use = \"signature\" },\n]\n";
    if (i == 0 && !setup.endpoint.empty())
      directory << "endpoint = [{ uri = \"" << setup.endpoint << "\" }]\n";
  }
  write(state_ + "/directory.toml", directory.str());
  std::ostringstream daemon;
  daemon << "[intermediary]\nname = \"Test\"\ncipher_key = \"" << keys << "/intermed_cipher.p12\"\n"
         << "signature_key = \"" << keys << "/intermed_sign.p12\"\n"
         << "pin_file = \"" << state_ << "/pin.txt\"\n"
         << "[listen]\naddress = \"127.0.0.1\"\nport = " << port_ << "\npath = \"/osci\"\n"
         << "admin_address = \"\"\n"
         << "[state]\ndirectory = \"" << store_folder() << "\"\nreserve = \"16 MiB\"\n"
         << "body_file_threshold = \"" << setup.body_file_threshold << "\"\n"
         << "[trust]\nanchors = [\"" << keys << "/test_ca.cert.pem\"]\n"
         << "[directory]\nfile = \"" << state_
         << "/directory.toml\"\n"
         // Dialogs that a dead client leaves behind stay open for a whole campaign.
         << "[dialogs]\nmax_open_per_client = 100000\nidle_timeout = \"2h\"\n"
         << "[deadlines]\nshutdown = \"5s\"\n"
         << "[log]\ntarget = \"stderr\"\nlevel = \"" << setup.log_level << "\"\n"
         << setup.more_configuration;
  write(state_ + "/daemon.toml", daemon.str());
}

DaemonProcess::~DaemonProcess() {
  if (process_ > 0 && !ended()) {
    signal(SIGKILL);
    wait_end(10s);
  }
}

std::string DaemonProcess::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/osci";
}

std::string DaemonProcess::log_tail() const {
  std::ifstream in(state_ + "/daemon.log", std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::streamoff>(in.tellg());
  const std::streamoff from = size > 2000 ? size - 2000 : 0;
  in.seekg(from);
  std::string out(static_cast<std::size_t>(size < 0 ? 0 : size - from), '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  return out;
}

void DaemonProcess::start(const std::string& crash_point) {
  // Everything that allocates comes before the fork: this process has threads.
  const std::string config = state_ + "/daemon.toml", log = state_ + "/daemon.log";
  const std::string armed = "DC_CRASH_POINT=" + crash_point;
  std::vector<char*> environment;
  for (char** one = environ; *one; ++one)
    if (std::strncmp(*one, "DC_CRASH_POINT=", 15) != 0) environment.push_back(*one);
  if (!crash_point.empty()) environment.push_back(const_cast<char*>(armed.c_str()));
  environment.push_back(nullptr);
  std::array<char*, 4> arguments{const_cast<char*>(program_.c_str()), const_cast<char*>("--config"),
                                 const_cast<char*>(config.c_str()), nullptr};
  const pid_t parent = ::getpid();
  end_.reset();
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("fork failed");
  if (process_ != 0) return;
  // If the campaign itself is killed, its daemon goes too.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) ::_exit(127);
  ::dup2(file, STDOUT_FILENO);
  ::dup2(file, STDERR_FILENO);
  // No socket of the campaign lives on in the daemon: its peer would wait for an end for ever.
  ::close_range(3, ~0U, 0);
  ::execve(program_.c_str(), arguments.data(), environment.data());
  ::_exit(127);
}

bool DaemonProcess::wait_ready() {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (Socket().connect(port_)) return true;
    if (ended()) return false;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

std::optional<End> DaemonProcess::ended() {
  if (end_ || process_ <= 0) return end_;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return std::nullopt;
  End end;
  end.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  end_ = end;
  return end_;
}

std::optional<End> DaemonProcess::wait_end(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (auto end = ended()) return end;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(2ms);
  }
}

void DaemonProcess::signal(int number) {
  if (process_ > 0 && !ended()) ::kill(process_, number);
}

} // namespace crash
