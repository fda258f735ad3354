// A DatabaseStore in a temporary folder of its own.
#pragma once
#include "storage/database_store.h"
#include "storage/operator_access.h"
#include "storage/retention.h"
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dc-mailbox-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class SqliteBackend {
 public:
  using Adjust = std::function<void(storage::StoreConfig&)>;

  SqliteBackend() : SqliteBackend(Adjust{}) {}
  // `shared`: of another database than the folder's, which `adjust` sets.
  explicit SqliteBackend(Adjust adjust, std::string shared = {})
      : adjust_(std::move(adjust)), shared_(std::move(shared)) {
    start();
  }

  storage::DatabaseStore& store() { return *store_; }
  mailbox::RetainedStore& retained() { return *retained_; }
  // As the operator's tool does it, beside the store.
  base::Result<mailbox::Retained> hold(const mailbox::Hold& hold) {
    auto access = storage::OperatorAccess::open(place());
    if (!access) return access.error();
    return access->hold(hold);
  }
  base::Result<> release(const std::string& message_id, base::Instant now) {
    auto access = storage::OperatorAccess::open(place());
    if (!access) return access.error();
    return access->release(message_id, now);
  }
  // Every delivery or card that retention still looks after, in the order of storing.
  std::vector<mailbox::Retained> everything() {
    std::vector<mailbox::Retained> out;
    auto access = storage::OperatorAccess::open(place());
    if (!access) throw std::runtime_error(access.error().detail);
    const auto read = access->each([&](const mailbox::Retained& one) { out.push_back(one); });
    if (!read) throw std::runtime_error(read.error().detail);
    return out;
  }
  std::filesystem::path place() const { return shared_.empty() ? folder().string() : shared_; }
  void stop() {
    retained_.reset();
    store_.reset();
  }
  void start() {
    storage::StoreConfig config;
    config.folder = folder();
    config.reserve_bytes = 0;
    if (adjust_) adjust_(config);
    auto opened = storage::DatabaseStore::open(std::move(config));
    if (!opened) throw std::runtime_error(opened.error().detail);
    store_ = std::move(*opened);
    retained_.emplace(*store_);
  }
  void restart() {
    stop();
    start();
  }
  std::filesystem::path folder() const { return temporary_.path() / "state"; }
  std::filesystem::path database() const { return folder() / "mailbox.db"; }

 private:
  TemporaryFolder temporary_;
  Adjust adjust_;
  std::string shared_;
  std::unique_ptr<storage::DatabaseStore> store_;
  std::optional<storage::DatabaseRetention> retained_;
};
