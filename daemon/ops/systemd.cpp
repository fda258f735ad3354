#include "ops/systemd.h"
#include <cstdint>
#include <systemd/sd-daemon.h>

namespace ops {
namespace {

// One assignment a line: a line break in a status would be read as another one.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

// A service manager that cannot be told is no reason to stop serving.
void notify(const std::string& state) {
  (void)sd_notify(0, state.c_str());
}

} // namespace

void notify_ready(const std::string& status) {
  notify("READY=1\nSTATUS=" + one_line(status));
}

void notify_reloading() {
  // The steady clock is CLOCK_MONOTONIC, as systemd demands here.
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\nSTATUS=Reloading");
}

void notify_stopping() {
  notify("STOPPING=1\nSTATUS=Stopping");
}

void notify_status(const std::string& status) {
  notify("STATUS=" + one_line(status));
}

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
  return std::chrono::microseconds{static_cast<std::int64_t>(interval)};
}

void notify_watchdog() {
  notify("WATCHDOG=1");
}

} // namespace ops
