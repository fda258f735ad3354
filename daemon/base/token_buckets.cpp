#include "base/token_buckets.h"
#include "base/result.h"
#include <algorithm>
#include <cmath>
#include <utility>

namespace base {
namespace {

double per_millisecond(const Allowance& allowance) {
  return static_cast<double>(allowance.tokens) / static_cast<double>(allowance.period.count());
}

} // namespace

TokenBuckets::TokenBuckets(std::vector<Allowance> allowances, std::size_t most_keys)
    : allowances_(std::move(allowances)), most_keys_(most_keys) {
  check(most_keys > 0, "token buckets for nobody");
  for (const auto& one : allowances_)
    check(one.capacity == 0 || (one.tokens > 0 && one.period.count() > 0),
          "a bucket that is never filled again");
}

TokenBuckets::Bucket& TokenBuckets::bucket_of(const std::string& key, Time now) {
  if (const auto known = places_.find(key); known != places_.end()) {
    order_.splice(order_.begin(), order_, known->second);
    Bucket& bucket = order_.front();
    const double passed = std::chrono::duration<double, std::milli>(now - bucket.at).count();
    for (std::size_t i = 0; i < allowances_.size(); ++i)
      bucket.levels[i] =
          std::min(static_cast<double>(allowances_[i].capacity),
                   bucket.levels[i] + std::max(0.0, passed) * per_millisecond(allowances_[i]));
    bucket.at = std::max(bucket.at, now);
    return bucket;
  }
  if (order_.size() >= most_keys_) {
    places_.erase(order_.back().key);
    order_.pop_back();
  }
  std::vector<double> full;
  for (const auto& one : allowances_) full.push_back(static_cast<double>(one.capacity));
  order_.push_front(Bucket{key, now, std::move(full)});
  places_.emplace(key, order_.begin());
  return order_.front();
}

TokenBuckets::Answer TokenBuckets::take(const std::string& key,
                                        const std::vector<std::uint64_t>& amounts, Time now,
                                        bool overdraft) {
  check(amounts.size() == allowances_.size(), "an amount for each allowance");
  Bucket& bucket = bucket_of(key, now);
  Answer out;
  for (std::size_t i = 0; i < allowances_.size(); ++i) {
    const auto& allowance = allowances_[i];
    if (allowance.capacity == 0) continue;
    const auto capacity = static_cast<double>(allowance.capacity);
    const auto amount = std::min(capacity, static_cast<double>(amounts[i]));
    const double lacking = amount - bucket.levels[i] - (overdraft ? capacity : 0.0);
    // Sums of fractions: what lacks a millionth of a token is there.
    if (lacking <= 1e-6) continue;
    const std::chrono::milliseconds wait{
        std::max<std::int64_t>(1, std::llround(std::ceil(lacking / per_millisecond(allowance))))};
    if (out.taken || wait > out.wait) {
      out.wait = wait;
      out.which = i;
    }
    out.taken = false;
  }
  if (!out.taken) return out;
  for (std::size_t i = 0; i < allowances_.size(); ++i)
    if (allowances_[i].capacity != 0)
      bucket.levels[i] -=
          std::min(static_cast<double>(allowances_[i].capacity), static_cast<double>(amounts[i]));
  return out;
}

} // namespace base
