// Who may be dialled now. Goals:
//  1. A slow target holds up itself, not the others: it gets a few of the threads and half of the
//     memory, and its further messages wait in its own line.
//  2. A dead target costs little: after some failures in a row its circuit opens, and messages for
//     it fail at once. After a pause one message tries whether it is back (half-open).
//  3. Full is a clean refusal before anything has been recorded: the sender repeats.
// A wait ends by itself; at the end of the daemon it ends at once.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace gateway {

namespace asio = boost::asio;

struct PushLimits {
  std::size_t running = 16;   // at one time, all targets together
  std::size_t per_target = 4; // of these
  std::size_t waiting = 64;   // for their turn
  base::Milliseconds wait{10'000};
  std::uint64_t bytes = std::uint64_t{256} << 20; // of messages that run or wait
  unsigned circuit_failures = 5;                  // in a row, until the circuit opens
  base::Milliseconds circuit_pause{30'000};
};

// Everything happens on one executor that runs one handler at a time.
class PushTargets {
  struct State;
  struct Target;
  struct Turn;

 public:
  // The right to dial a target, until destroyed; may outlive the PushTargets.
  class Permit {
   public:
    Permit() noexcept;
    Permit(Permit&&) noexcept;
    Permit& operator=(Permit&&) noexcept;
    ~Permit();
    // False: the circuit is open; do not dial.
    bool closed_circuit() const { return dial_; }
    // What came of it: whether the target answered at all. Without a report (nothing was dialled
    // after all) nothing is learned.
    void report(bool answered);

   private:
    friend class PushTargets;
    std::shared_ptr<State> state_;
    std::shared_ptr<Turn> turn_;
    bool dial_ = false;
  };

  PushTargets(const base::Clock& clock, PushLimits limits);

  // overloaded: too many wait, too much memory is held, the wait was too long, or stop() was
  // called.
  asio::awaitable<base::Result<Permit>> acquire(std::string uri, std::uint64_t bytes);

  // No permit is given any more; who waits is refused.
  void stop();

  std::size_t running() const;
  std::size_t waiting() const;

 private:
  std::shared_ptr<State> state_;
};

} // namespace gateway
