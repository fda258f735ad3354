// Mutual exclusion by key among coroutines, e.g. one request at a time per dialog.
#pragma once
#include "base/result.h"
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <string>

namespace async {

namespace asio = boost::asio;

// First come, first served for each key. Everything, also the end of a Guard, happens on one
// executor that runs one handler at a time. Keys without holder take no memory.
class KeyedLock {
  struct State;
  struct Turn;

 public:
  // Holds the key until destroyed or released; may outlive the KeyedLock.
  class Guard {
   public:
    Guard() noexcept;
    Guard(Guard&&) noexcept;
    Guard& operator=(Guard&&) noexcept;
    ~Guard();
    void release() noexcept; // the next in line goes on

   private:
    friend class KeyedLock;
    Guard(std::shared_ptr<State> state, std::shared_ptr<Turn> turn) noexcept;
    std::shared_ptr<State> state_;
    std::shared_ptr<Turn> turn_;
  };

  explicit KeyedLock(std::size_t max_waiters_per_key);

  // overloaded: that many wait for this key already. A cancelled waiter leaves the queue.
  asio::awaitable<base::Result<Guard>> acquire(std::string key);

  std::size_t keys() const; // held at present

 private:
  std::shared_ptr<State> state_;
};

} // namespace async
