#include "fault/disk.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

namespace fault {

namespace fs = std::filesystem;

namespace {

void put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

bool chance(double of, std::mt19937_64& random) {
  if (of <= 0) return false;
  if (of >= 1) return true;
  return std::uniform_real_distribution<double>(0, 1)(random) < of;
}

void check(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

} // namespace

std::string_view to_string(Model model) {
  return model == Model::strict ? "strict" : "ext4";
}

std::string Disk::folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

void Disk::carry_out(const EntryChange& change, Entries& entries) {
  for (const auto& [path, node] : change.set)
    if (node)
      entries[path] = *node;
    else
      entries.erase(path);
}

void Disk::change_entries(EntryChange change) {
  carry_out(change, now_);
  ordered_.push_back(change);
  entry_changes_.push_back(std::move(change));
}

void Disk::sync_entries(const std::string* folder) {
  std::erase_if(entry_changes_, [&](const EntryChange& change) {
    if (folder && folder_of(change.set.back().first) != *folder) return false;
    carry_out(change, durable_);
    return true;
  });
}

void Disk::apply(const Call& call) {
  const auto node_of = [&](const std::string& path) {
    const auto found = now_.find(path);
    check(found != now_.end(), "a call on a file that is not there");
    return found->second;
  };
  const auto anything_synced = [&] {
    for (const auto& change : ordered_) carry_out(change, journalled_);
    ordered_.clear();
  };
  switch (call.kind) {
  case CallKind::create:
    nodes_[call.node] = Node{};
    change_entries({{{call.path, call.node}}});
    return;
  case CallKind::write:
    nodes_.at(call.node).changes.push_back(
        {true, call.offset, std::make_shared<std::string>(call.bytes)});
    return;
  case CallKind::truncate:
    nodes_.at(call.node).changes.push_back({false, call.offset, nullptr});
    return;
  case CallKind::sync: {
    Node& node = nodes_.at(call.node);
    std::string content = *node.durable;
    std::vector<Change> left;
    for (auto& change : node.changes)
      if (change.doomed)
        left.push_back(std::move(change));
      else if (change.is_write)
        put(content, change.offset, *change.bytes);
      else
        content.resize(change.offset, '\0');
    node.durable = std::make_shared<std::string>(std::move(content));
    node.changes = std::move(left);
    anything_synced();
    return;
  }
  case CallKind::sync_failed:
    for (auto& change : nodes_.at(call.node).changes) change.doomed = true;
    return;
  case CallKind::sync_folder:
    sync_entries(&call.path);
    anything_synced();
    return;
  case CallKind::sync_folder_failed:
    return;
  case CallKind::rename: {
    const auto node = node_of(call.path);
    change_entries({{{call.path, std::nullopt}, {call.bytes, node}}});
    return;
  }
  case CallKind::link:
    change_entries({{{call.bytes, node_of(call.path)}}});
    return;
  case CallKind::remove:
    change_entries({{{call.path, std::nullopt}}});
    return;
  case CallKind::make_folder: {
    const auto node = ++next_folder_;
    nodes_[node].folder = true;
    change_entries({{{call.path, node}}});
    return;
  }
  case CallKind::mark:
    return;
  }
}

Disk::Bytes Disk::content_after(const Node& node, const Luck& luck, std::mt19937_64& random) const {
  if (node.changes.empty()) return node.durable;
  std::string content = *node.durable;
  std::uint64_t full = content.size();
  for (const auto& change : node.changes) {
    full = change.is_write ? std::max<std::uint64_t>(full, change.offset + change.bytes->size())
                           : change.offset;
    if (!chance(luck.persists, random)) continue;
    if (!change.is_write) {
      content.resize(change.offset, '\0');
      continue;
    }
    if (!chance(luck.torn, random)) {
      put(content, change.offset, *change.bytes);
      continue;
    }
    const std::uint64_t end = change.offset + change.bytes->size();
    for (std::uint64_t at = change.offset; at < end;) {
      const std::uint64_t next = std::min(end, (at / luck.sector + 1) * luck.sector);
      if (chance(0.5, random))
        put(content, at, std::string_view(*change.bytes).substr(at - change.offset, next - at));
      at = next;
    }
  }
  // The size may be there without the content: zeros.
  if (content.size() < full && luck.persists > 0 && chance(0.3, random)) content.resize(full, '\0');
  return std::make_shared<std::string>(std::move(content));
}

Image Disk::image(const Entries& entries, const std::map<std::uint32_t, Bytes>& contents) const {
  Image out;
  // Sorted: a folder comes before what is in it. Without its folder a file cannot be found.
  for (const auto& [path, node] : entries) {
    const auto parent = folder_of(path);
    if (parent != ".") {
      const auto found = out.find(parent);
      if (found == out.end() || found->second) continue;
    }
    out[path] = nodes_.at(node).folder ? nullptr : contents.at(node);
  }
  return out;
}

Image Disk::after_cut(const Luck& luck) const {
  std::mt19937_64 random(luck.seed);
  Entries entries = luck.model == Model::strict ? durable_ : journalled_;
  const auto& changes = luck.model == Model::strict ? entry_changes_ : ordered_;
  for (const auto& change : changes) {
    const bool persists = chance(luck.persists, random);
    if (!persists && luck.model == Model::ext4) break; // nor does anything after it
    if (persists) carry_out(change, entries);
  }
  std::map<std::uint32_t, Bytes> contents;
  for (const auto& [number, node] : nodes_) contents[number] = content_after(node, luck, random);
  return image(entries, contents);
}

Image Disk::current() const {
  Luck all;
  all.persists = 1;
  std::mt19937_64 random;
  std::map<std::uint32_t, Bytes> contents;
  for (const auto& [number, node] : nodes_) contents[number] = content_after(node, all, random);
  return image(now_, contents);
}

std::size_t Disk::unsynced() const {
  std::size_t out = entry_changes_.size();
  for (const auto& [number, node] : nodes_) out += node.changes.size();
  return out;
}

void write_image(const Image& image, const fs::path& folder) {
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [path, content] : image) {
    const auto where = folder / path;
    if (!content) {
      fs::create_directory(where);
      continue;
    }
    const int file = ::open(where.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(file >= 0, "an image cannot be written");
    std::string_view rest = *content;
    while (!rest.empty()) {
      const ssize_t written = ::write(file, rest.data(), rest.size());
      check(written > 0, "an image cannot be written");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    ::close(file);
  }
}

Image read_image(const fs::path& folder) {
  Image out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto path = entry.path().lexically_relative(folder).string();
    if (entry.is_directory()) {
      out[path] = nullptr;
    } else if (!path.ends_with("-shm")) {
      std::ifstream in(entry.path(), std::ios::binary);
      out[path] = std::make_shared<std::string>(std::istreambuf_iterator<char>(in),
                                                std::istreambuf_iterator<char>());
    }
  }
  return out;
}

bool same(const Image& a, const Image& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    if (x.first != y.first || (x.second == nullptr) != (y.second == nullptr)) return false;
    return !x.second || *x.second == *y.second;
  });
}

} // namespace fault
