// mailbox::RetainedStore on the state folder of a DatabaseStore.
#pragma once
#include "mailbox/retained_store.h"
#include "storage/database_store.h"

namespace storage {

class DatabaseRetention final : public mailbox::RetainedStore {
 public:
  // `store` outlives it.
  explicit DatabaseRetention(DatabaseStore& store);

  base::Result<bool> reconsider(const std::string& fingerprint, base::Instant now,
                                std::size_t limit) override;
  base::Result<std::vector<mailbox::Retained>> due(base::Instant now, std::size_t limit) override;
  base::Result<std::vector<mailbox::RetentionStep>>
  carry_out(const std::vector<mailbox::RetentionStep>& steps, base::Instant now) override;
  base::Result<std::uint64_t> waiting_since_before(base::Instant before) override;

 private:
  DatabaseStore::Parts& parts_;
};

} // namespace storage
