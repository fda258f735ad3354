// Token buckets for many keys in bounded memory: who has asked for how much lately.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace base {

// One thing that is limited: `capacity` tokens at the start and at most, and this many more in each
// `period`. A capacity of 0 limits nothing.
struct Allowance {
  std::uint64_t capacity = 0;
  std::uint64_t tokens = 0;
  std::chrono::milliseconds period{1000};
};

// For one thread. Time comes from the caller and never goes back. Memory is bounded: at most
// `most_keys` are remembered, and the one unused for the longest time is forgotten first. Whoever
// is forgotten starts with full buckets: many keys of one owner displace each other and gain
// nothing that each of them did not have anyway, and nobody is refused for what others do.
class TokenBuckets {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TokenBuckets(std::vector<Allowance> allowances, std::size_t most_keys);
  TokenBuckets(const TokenBuckets&) = delete;
  TokenBuckets& operator=(const TokenBuckets&) = delete;

  struct Answer {
    bool taken = true;
    std::size_t which = 0;             // of the allowances: the one to be waited for longest
    std::chrono::milliseconds wait{0}; // until it would be taken; not taken: at least 1 ms
  };

  // Takes amounts[i] of allowance i, all or nothing. With `overdraft` the buckets may be left in
  // debt by as much as their capacity, which has to be worked off before anything else is taken. An
  // amount larger than the capacity counts as the capacity: it is taken from a full bucket.
  Answer take(const std::string& key, const std::vector<std::uint64_t>& amounts, Time now,
              bool overdraft = false);

  std::size_t keys() const { return order_.size(); }

 private:
  struct Bucket {
    std::string key;
    Time at;
    std::vector<double> levels; // at `at`
  };

  Bucket& bucket_of(const std::string& key, Time now);

  const std::vector<Allowance> allowances_;
  const std::size_t most_keys_;
  std::list<Bucket> order_; // the last used first
  std::unordered_map<std::string, std::list<Bucket>::iterator> places_;
};

} // namespace base
