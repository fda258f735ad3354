// Deliveries on their way in by chunks, as files below the folder that they are fetched into:
// chunks at their offsets in one file, the numbers of those that are safely there in another.
// Guarded by the lock of that folder (Shelf).
#pragma once
#include "cli/durable.h"
#include "client/chunked_fetch.h"
#include <string>

namespace cli {

// Whose mailbox, where: transfers of another one are none of ours, and stay as they are.
struct SpoolOwner {
  std::string url;
  std::string own_cipher; // fingerprint
};

class FolderSpool final : public client::IncomingSpool {
 public:
  // Creates the folder, whose parent must exist, and clears away what a run that died has
  // decrypted. Error: file_error.
  static base::Result<FolderSpool> open(const std::string& folder, SpoolOwner owner);

  base::Result<std::vector<std::string>> pending() override;
  base::Result<std::optional<Known>> find(const std::string& message_id) override;
  base::Result<std::vector<bool>> begin(const client::IncomingTransfer& transfer) override;
  base::Result<bool> put(const client::IncomingTransfer& transfer, std::uint32_t number,
                         std::string_view bytes) override;
  base::Result<base::OctetRange> whole(const client::IncomingTransfer& transfer) override;
  base::Result<> forget(const std::string& message_id) override;
  seal::NewPlainFile plain_files(const std::string& message_id) override;

 private:
  FolderSpool(std::string folder, SpoolOwner owner)
      : folder_(std::move(folder)), owner_(std::move(owner)) {}
  std::string folder_of(const std::string& message_id) const;
  std::string folder_;
  SpoolOwner owner_;
  std::shared_ptr<int> next_plain_ = std::make_shared<int>(0);
};

// The file that `range` is all of, if it was made by plain_files(): it may be moved away. Empty:
// octets of another kind, to be copied.
std::string movable_file(const base::OctetRange& range);

} // namespace cli
