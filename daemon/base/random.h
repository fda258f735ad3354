// Injected randomness: challenges, conversation ids, content keys and IVs are drawn from here, so
// that tests can repeat a run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace base {

// Thread-safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(void* out, std::size_t size) = 0;
  std::string bytes(std::size_t size);
  // 18 decimal digits, the first not 0: a ConversationId is digits only (wire reference 7.1).
  std::string digits();
};

// getrandom(2). Ends the process when the kernel has none to give: no message may use weak keys.
class SystemRandom final : public RandomSource {
 public:
  void fill(void* out, std::size_t size) override;
};

} // namespace base
