#include "gateway/rollovers.h"
#include <algorithm>

namespace gateway {

void Rollovers::note(MissedRollover one) {
  const std::scoped_lock lock(mutex_);
  auto& kept = by_pair_[{one.sender, one.addressee}];
  // Counted anew when the recipient has yet another certificate.
  if (kept.current == one.current) one.deliveries += kept.deliveries;
  kept = std::move(one);
  if (by_pair_.size() <= limit_) return;
  by_pair_.erase(
      std::min_element(by_pair_.begin(), by_pair_.end(),
                       [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

std::vector<MissedRollover> Rollovers::since(base::Instant since) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(by_pair_, [since](const auto& entry) { return entry.second.last < since; });
  std::vector<MissedRollover> out;
  for (const auto& [pair, one] : by_pair_) out.push_back(one);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last > b.last; });
  return out;
}

base::Result<> Rollovers::notice(base::Instant now) {
  const auto all = since(now - std::chrono::days{7});
  if (all.empty()) return {};
  std::string detail =
      std::to_string(all.size()) + " sender(s) encipher for a replaced certificate:";
  for (std::size_t i = 0; i < all.size() && i < 3; ++i)
    detail += " " + all[i].sender + " for " + all[i].addressee + " (" +
              std::to_string(all[i].deliveries) + " deliveries, last " +
              base::format_datetime(all[i].last) + ");";
  if (all.size() > 3) detail += " and others";
  return base::fail(base::ErrorCode::addressee_cipher_wrong, std::move(detail));
}

} // namespace gateway
