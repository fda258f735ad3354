#include "gateway/refusal_times.h"
#include "base/log.h"
#include <string>

namespace gateway {

RefusalTimes::Clock::time_point RefusalTimes::due(Clock::duration step, Clock::time_point arrived,
                                                  Clock::time_point now, std::size_t octets) {
  if (step <= Clock::duration::zero()) return now;
  if (doublings_ > 0 && now - doubled_ > kRelax) doublings_ = 0;
  const auto base = step * static_cast<Clock::rep>(1 + octets / kOctets);
  if (now >= arrived + base * (Clock::rep{1} << doublings_)) {
    if (doublings_ < kMostDoublings) ++doublings_;
    doubled_ = now;
    base::log(base::LogLevel::warning, "refusal.late",
              "an undecryptable message took longer than [policy] refusal_step; steps are longer "
              "for an hour",
              {{"doublings", std::to_string(doublings_)}});
  }
  const auto unit = base * (Clock::rep{1} << doublings_);
  const auto steps = (now - arrived) / unit + 1;
  return arrived + unit * steps;
}

} // namespace gateway
