#include "ops/admission_config.h"
#include <algorithm>

namespace ops {

using std::chrono::minutes;
using std::chrono::seconds;

void add_admission_keys(Config::Admission& a, std::vector<Key>& keys) {
  constexpr std::uint64_t kTiB = 1024 * kGiB;
  constexpr std::uint32_t kMostRate = 1'000'000;
  constexpr std::size_t kMostKeys = 1'000'000;
  const Milliseconds no_limit{0};
  const auto add = [&keys](std::string_view name, Reader read) {
    keys.push_back(Key{"admission", name, std::move(read)});
  };
  add("large_body", size(a.large_body, 4 * kKiB, 2 * kGiB));
  add("large_threads", number<std::size_t>(a.large_threads, 0, 1024));
  add("large_waiting", number<std::size_t>(a.large_waiting, 1, 100'000));
  add("max_wait", duration(a.max_wait, no_limit, minutes{10}));
  add("overload_wait", duration(a.overload_wait, no_limit, minutes{10}));
  add("retry_after", duration(a.retry_after, seconds{1}, minutes{10}));
  add("sender_rate", number<std::uint32_t>(a.sender_rate, 0, kMostRate));
  add("sender_burst", number<std::uint32_t>(a.sender_burst, 1, kMostRate));
  add("sender_octets_hour", size(a.sender_octets_hour, 0, 1024 * kTiB));
  add("sender_octets_day", size(a.sender_octets_day, 0, 1024 * kTiB));
  add("senders", number<std::size_t>(a.senders, 1, kMostKeys));
  add("mailbox_waiting", number<std::uint64_t>(a.mailbox_waiting, 0, 1'000'000'000));
  add("address_rate", number<std::uint32_t>(a.address_rate, 0, kMostRate));
  add("address_burst", number<std::uint32_t>(a.address_burst, 1, kMostRate));
  add("address_connections", number<std::size_t>(a.address_connections, 0, 100'000));
  add("addresses", number<std::size_t>(a.addresses, 1, kMostKeys));
}

std::string wrong_admission(const Config& config) {
  const auto& a = config.admission;
  if (a.max_wait.count() > 0 && a.overload_wait > a.max_wait)
    return "overload_wait is longer than max_wait";
  for (const auto octets : {a.sender_octets_hour, a.sender_octets_day})
    if (octets != 0 && octets < config.limits.message)
      return "sender_octets_hour or sender_octets_day is smaller than [limits] message";
  if (a.sender_octets_hour != 0 && a.sender_octets_day != 0 &&
      a.sender_octets_day < a.sender_octets_hour)
    return "sender_octets_day is smaller than sender_octets_hour";
  if (a.large_threads > 0 && config.limits.cpu_threads > 0 &&
      a.large_threads > config.limits.cpu_threads)
    return "large_threads is larger than [limits] cpu_threads";
  return {};
}

} // namespace ops
