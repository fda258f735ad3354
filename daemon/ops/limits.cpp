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

std::size_t large_threads(const Config& config) {
  const auto all = cpu_threads(config);
  if (config.admission.large_threads != 0) return std::min(config.admission.large_threads, all);
  return std::max<std::size_t>(1, all - 1);
}

async::PoolLimits cpu_pool_limits(const Config& config) {
  async::PoolLimits out;
  out.large_threads = large_threads(config);
  out.threads = std::max(cpu_threads(config), out.large_threads + 1);
  out.waiting = config.limits.cpu_waiting;
  out.large_waiting = config.admission.large_waiting;
  out.max_wait = config.admission.max_wait;
  out.overload_wait = config.admission.overload_wait;
  return out;
}

async::PoolLimits db_pool_limits(const Config& config) {
  async::PoolLimits out;
  out.threads = out.large_threads = config.limits.db_threads;
  out.waiting = out.large_waiting = config.limits.db_waiting;
  out.max_wait = config.admission.max_wait;
  out.overload_wait = config.admission.overload_wait;
  return out;
}

unsigned retry_after_seconds(const Config& config) {
  return static_cast<unsigned>((config.admission.retry_after.count() + 999) / 1000);
}

http::ServerLimits server_limits(const Config& config) {
  http::ServerLimits limits;
  limits.connections = config.limits.connections;
  limits.body_bytes = config.limits.message;
  limits.bytes_in_flight = config.limits.bytes_in_flight;
  limits.large_body = config.admission.large_body;
  limits.retry_after_seconds = retry_after_seconds(config);
  limits.address = {config.admission.address_rate, config.admission.address_burst,
                    config.admission.address_connections, config.admission.addresses};
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
