// The real daemon as a child process, on one port and one state folder for its whole series of
// lives.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace crash {

// How a life ended.
struct End {
  bool killed = false; // by SIGKILL; otherwise `status` is the exit status, or 128 + signal
  int status = 0;
};

struct Setup {
  std::string program;
  // Laid out like tests/captures/keys: intermed_cipher.p12, intermed_sign.p12 (PIN 123456),
  // test_ca.cert.pem, and two .cer files for each owner.
  std::string keys;
  std::string state;
  std::vector<std::string> owners; // parties that own a mailbox
  std::string body_file_threshold = "256 KiB";
  std::string log_level = "info";
  std::string more_configuration = {}; // sections that stand nowhere else
  std::string endpoint = {};           // where the first owner takes pushes; empty: nowhere
};

class DaemonProcess {
 public:
  // Writes the configuration to `state`. Throws std::runtime_error.
  explicit DaemonProcess(const Setup& setup);
  ~DaemonProcess(); // no daemon outlives the campaign
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  std::string url() const;
  std::string store_folder() const { return state_ + "/store"; }
  std::string log_tail() const;

  void start(const std::string& crash_point = {}); // "name:n"; empty: none
  // False: it ended before it listened, or does not listen after half a minute.
  bool wait_ready();
  std::optional<End> ended(); // nullopt: it lives
  std::optional<End> wait_end(std::chrono::milliseconds patience);
  void signal(int number);
  pid_t pid() const { return process_; }

 private:
  void write_configuration(const Setup& setup);

  std::string program_, state_;
  unsigned short port_;
  pid_t process_ = -1;
  std::optional<End> end_;
};

} // namespace crash
