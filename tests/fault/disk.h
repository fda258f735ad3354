// A disk as a power cut leaves it: what was synced, and of the rest whatever the model permits.
#pragma once
#include "fault/recording.h"
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fault {

enum class Model {
  // fsync of a file makes its content and size durable, fsync of a folder its entries, and nothing
  // else does. Every other change persists or not, each for itself and in any order.
  strict,
  // As ext4 with its journal: entries persist in their order, and any fsync brings all of them so
  // far to the disk. Contents persist in any order.
  ext4,
};
std::string_view to_string(Model model);

// Files by path with their content, and folders (null content), as a disk can show them.
using Image = std::map<std::string, std::shared_ptr<const std::string>>;

// Which of the unsynced changes are on the disk.
struct Luck {
  Model model = Model::strict;
  double persists = 0;       // chance of each; 0: none, 1: all
  std::size_t sector = 4096; // writes tear at multiples of it
  double torn = 0;           // chance that a write that persists does so in part
  std::uint64_t seed = 0;
};

class Disk {
 public:
  void apply(const Call& call);
  Image after_cut(const Luck& luck) const;
  // Everything, as the running system sees it.
  Image current() const;
  // Changes that a cut could undo.
  std::size_t unsynced() const;

 private:
  using Bytes = std::shared_ptr<const std::string>;
  struct Change { // of a file's content
    bool is_write = false;
    std::uint64_t offset = 0; // or the size
    Bytes bytes;
    // A sync of it has failed: the kernel may have dropped it, and no later sync brings it back.
    bool doomed = false;
  };
  struct Node {
    bool folder = false;
    Bytes durable = std::make_shared<std::string>();
    std::vector<Change> changes;
  };
  using Entries = std::map<std::string, std::uint32_t>;
  struct EntryChange { // happens as a whole
    std::vector<std::pair<std::string, std::optional<std::uint32_t>>> set;
  };

  static std::string folder_of(const std::string& path);
  static void carry_out(const EntryChange& change, Entries& entries);
  void change_entries(EntryChange change);
  void sync_entries(const std::string* folder); // null: all of them
  Bytes content_after(const Node& node, const Luck& luck, std::mt19937_64& random) const;
  Image image(const Entries& entries, const std::map<std::uint32_t, Bytes>& contents) const;

  std::map<std::uint32_t, Node> nodes_;
  Entries now_, durable_;
  std::vector<EntryChange> entry_changes_; // strict: those that no sync of their folder covers
  std::vector<EntryChange> ordered_;       // ext4: those since the last sync of anything
  Entries journalled_;                     // ext4: entries as of that sync
  std::uint32_t next_folder_ = 0x80000000;
};

// Makes `folder` hold exactly this.
void write_image(const Image& image, const std::filesystem::path& folder);
// What a folder holds, SQLite's shared memory (-shm) apart.
Image read_image(const std::filesystem::path& folder);
bool same(const Image& a, const Image& b);

} // namespace fault
