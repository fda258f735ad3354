// The last answer of each dialog, octet for octet: clients re-send a request silently when a
// connection breaks, and the repeat gets the very same answer. Only an economy: what is not here
// any more (too large, displaced, daemon restarted) is built again from the dialog's stored result.
// One thread (the gateway's executor).
#pragma once
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace gateway {

class AnswerCache {
 public:
  explicit AnswerCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void put(const std::string& conversation_id, std::string request_digest,
           std::shared_ptr<const std::string> answer);
  // Null when the last known request of this dialog was another one.
  std::shared_ptr<const std::string> find(const std::string& conversation_id,
                                          const std::string& request_digest) const;
  void forget(const std::string& conversation_id);
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string conversation_id;
    std::string request_digest;
    std::shared_ptr<const std::string> answer;
  };
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_; // newest first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_dialog_;
};

} // namespace gateway
