// mailbox::Transfers on the state folder of a DatabaseStore: rows beside its tables, octets in
// spool/.
#pragma once
#include "mailbox/transfers.h"
#include "storage/database_store.h"
#include <array>
#include <mutex>

namespace storage {

// A received delivery may still be on its way to a second machine of the same party.
constexpr std::chrono::minutes kStillFetched{5};

class DatabaseTransfers final : public mailbox::Transfers {
 public:
  // `store` outlives it.
  explicit DatabaseTransfers(DatabaseStore& store);

  base::Result<mailbox::PutChunk> put(const mailbox::Chunk& chunk, const mailbox::SpoolQuota& quota,
                                      const std::optional<mailbox::DialogTurn>& turn) override;
  base::Result<mailbox::TransferState>
  state(const mailbox::TransferKey& key, const std::optional<mailbox::DialogTurn>& turn) override;
  base::Result<std::vector<mailbox::TransferKey>> unprocessed() override;
  base::Result<mailbox::Assembled> assembled(const mailbox::TransferKey& key) override;
  base::Result<base::OctetRange> decode(const base::OctetRange& text) override;
  base::Result<> refuse(const mailbox::TransferKey& key, const std::vector<std::string>& result,
                        base::Instant now) override;

  base::Result<mailbox::ChunkSource> find(const mailbox::ChunkSelection& wanted) override;
  base::Result<std::unique_ptr<mailbox::FrozenFile>> new_file(std::uint64_t expected) override;
  base::Result<mailbox::ChunkOut> hand_out(const mailbox::ChunkSelection& wanted,
                                           const std::string& message_id,
                                           std::unique_ptr<mailbox::FrozenFile> fresh,
                                           std::optional<base::Instant> forwarding,
                                           const mailbox::SpoolQuota& quota,
                                           const std::optional<mailbox::DialogTurn>& turn) override;
  base::Result<std::uint64_t> expire(base::Instant now, base::Instant unused_before) override;

 private:
  // Two writers of one spool file would not see each other's rows.
  std::mutex& stripe(const mailbox::TransferKey& key);
  void remove_files(const std::vector<std::string>& files);

  DatabaseStore::Parts& parts_;
  std::array<std::mutex, 32> stripes_;
};

} // namespace storage
