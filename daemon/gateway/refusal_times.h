// When the answer to a message that could not be decrypted may leave.
//
// Goals
// 1. How long we worked at such a message tells nothing about how its decryption went (wire
//    reference 13.3: "same fault, same text, same latency class").
// 2. No thread waits for it, and no message is kept in memory meanwhile.
// 3. It holds under load, or fails visibly and by little.
//
// Choice. Doing the same work whatever happens is not possible: text that is no XML cannot be
// parsed like XML, and caches notice the difference. So the work takes what it takes, and the
// answer leaves at a time fixed when the message arrived: arrival plus one step, which depends on
// nothing but the message's size, which everybody can see. The step is much longer than the work.
// Should the work, waiting for a thread included, ever take longer, the answer leaves at the next
// multiple and from then on all steps are twice as long, for an hour. This is the predictive
// mitigation of Askarov, Zhang and Myers (CCS 2010): an observer learns at most that a prediction
// failed, once for each doubling, so logarithmically little whatever he sends. Random delays were
// not chosen: they are averaged away by repetition.
//
// It applies to every message of this kind, with whatever algorithm: there is one latency class.
// What it does not level is the load that the work puts on others' requests.
#pragma once
#include <chrono>
#include <cstddef>

namespace gateway {

// One thread (the gateway's executor).
class RefusalTimes {
 public:
  using Clock = std::chrono::steady_clock;

  // `step`: for messages of up to kOctets, and again for each further kOctets; 0: `now`, for tests
  // and for measuring what the levelling is worth.
  Clock::time_point due(Clock::duration step, Clock::time_point arrived, Clock::time_point now,
                        std::size_t octets);

  static constexpr std::size_t kOctets = std::size_t{1} << 20;
  static constexpr unsigned kMostDoublings = 6;
  static constexpr std::chrono::hours kRelax{1}; // without another late answer: back to the step

 private:
  unsigned doublings_ = 0;
  Clock::time_point doubled_;
};

} // namespace gateway
