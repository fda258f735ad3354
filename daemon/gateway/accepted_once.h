// Messages that came without protection of their integrity (CBC): one signed content is accepted in
// one encryption only. Whoever replays a recorded message with changed cipher text, to learn from
// acceptance or refusal what it decrypts to (wire reference 13.1), gets the refusal that he would
// get for any damage. A silent re-send, which is identical, passes. One thread (the gateway's
// executor). In memory: a restart gives an attacker one more try for each message he recorded.
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace gateway {

class AcceptedOnce {
 public:
  // About 200 octets each; the oldest are forgotten.
  explicit AcceptedOnce(std::size_t most = 50'000) : most_(most) {}

  // False: this content has been accepted with another request digest.
  bool accept(const std::string& signed_digest, const std::string& request_digest) {
    const auto [at, fresh] = requests_.try_emplace(signed_digest, request_digest);
    if (!fresh) return at->second == request_digest;
    order_.push_back(signed_digest);
    if (order_.size() > most_) {
      requests_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  // What accept() would say, without remembering.
  bool fits(const std::string& signed_digest, const std::string& request_digest) const {
    const auto at = requests_.find(signed_digest);
    return at == requests_.end() || at->second == request_digest;
  }
  std::size_t size() const { return order_.size(); }

 private:
  std::size_t most_;
  std::unordered_map<std::string, std::string> requests_;
  std::deque<std::string> order_;
};

} // namespace gateway
