// How many bytes of messages may be in memory at once, over all connections of a listener.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace http {

// Thread-safe: a request's share comes back on whatever thread lets go of it.
class ByteBudget {
 public:
  // `reserve`: what large bodies leave to the others.
  explicit ByteBudget(std::uint64_t limit, std::uint64_t reserve = 0)
      : limit_(limit), for_large_(limit - reserve) {}

  bool try_take(std::uint64_t bytes, bool large = false) {
    const auto limit = large ? for_large_ : limit_;
    auto used = used_.load();
    do {
      if (bytes > limit || used > limit - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes));
    return true;
  }
  // For bytes that exist already: may pass the limit, and then nothing new is taken.
  void take(std::uint64_t bytes) { used_ += bytes; }
  void give_back(std::uint64_t bytes) { used_ -= bytes; }
  std::uint64_t used() const { return used_; }

 private:
  const std::uint64_t limit_, for_large_;
  std::atomic<std::uint64_t> used_{0};
};

// A share of the budget, returned at the end of its life.
class ByteShare {
 public:
  explicit ByteShare(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  ByteShare(const ByteShare&) = delete;
  ByteShare& operator=(const ByteShare&) = delete;
  ~ByteShare() { budget_->give_back(bytes_); }

  bool try_grow(std::uint64_t bytes, bool large = false) {
    if (!budget_->try_take(bytes, large)) return false;
    bytes_ += bytes;
    return true;
  }
  void grow(std::uint64_t bytes) {
    budget_->take(bytes);
    bytes_ += bytes;
  }
  void shrink_to(std::uint64_t bytes) {
    if (bytes >= bytes_) return;
    budget_->give_back(bytes_ - bytes);
    bytes_ = bytes;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<ByteBudget> budget_;
  std::uint64_t bytes_ = 0;
};

} // namespace http
