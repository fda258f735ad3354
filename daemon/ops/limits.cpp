// What the listeners and pools take of the configuration.
#include "ops/config.h"
#include "ops/quantity.h"
#include <algorithm>
#include <thread>

namespace ops {

std::size_t cpu_threads(const Config& config) {
  if (config.limits.cpu_threads != 0) return config.limits.cpu_threads;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

http::ServerLimits server_limits(const Config& config) {
  http::ServerLimits limits;
  limits.connections = config.limits.connections;
  limits.body_bytes = config.limits.message;
  limits.bytes_in_flight = config.limits.bytes_in_flight;
  limits.deadlines = config.deadlines;
  return limits;
}

http::ServerLimits admin_server_limits(const Config& config) {
  http::ServerLimits limits;
  limits.connections = 32;
  limits.body_bytes = 64 * kKiB;
  limits.bytes_in_flight = kMiB;
  limits.deadlines = config.deadlines;
  return limits;
}

} // namespace ops
