#include "gateway/answer_cache.h"

namespace gateway {

void AnswerCache::put(const std::string& conversation_id, std::string request_digest,
                      std::shared_ptr<const std::string> answer) {
  forget(conversation_id);
  if (answer->size() > max_bytes_ / 4) return;
  bytes_ += answer->size();
  entries_.push_front(Entry{conversation_id, std::move(request_digest), std::move(answer)});
  by_dialog_[conversation_id] = entries_.begin();
  while (bytes_ > max_bytes_) {
    const std::string oldest = entries_.back().conversation_id;
    forget(oldest);
  }
}

std::shared_ptr<const std::string> AnswerCache::find(const std::string& conversation_id,
                                                     const std::string& request_digest) const {
  const auto found = by_dialog_.find(conversation_id);
  if (found == by_dialog_.end() || found->second->request_digest != request_digest) return nullptr;
  return found->second->answer;
}

void AnswerCache::forget(const std::string& conversation_id) {
  const auto found = by_dialog_.find(conversation_id);
  if (found == by_dialog_.end()) return;
  bytes_ -= found->second->answer->size();
  entries_.erase(found->second);
  by_dialog_.erase(found);
}

} // namespace gateway
