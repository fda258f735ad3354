// Messages to the service manager (sd_notify). Without one (NOTIFY_SOCKET unset) all do nothing.
#pragma once
#include <chrono>
#include <optional>
#include <string>

namespace ops {

void notify_ready(const std::string& status);
void notify_reloading(); // answer with notify_ready when done
void notify_stopping();
void notify_status(const std::string& status); // shown by systemctl status

// Interval within which notify_watchdog is due (WatchdogSec=); ping at half of it. Empty: not
// watched.
std::optional<std::chrono::microseconds> watchdog_interval();
void notify_watchdog();

} // namespace ops
