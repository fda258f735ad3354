#include "base/random.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/random.h>

namespace base {

std::string RandomSource::bytes(std::size_t size) {
  std::string out(size, '\0');
  fill(out.data(), size);
  return out;
}

std::string RandomSource::digits() {
  std::string out;
  while (out.size() < 18) {
    // One call for all digits, as a rule: each may be one of the kernel.
    for (const char octet : bytes(24)) {
      const auto value = static_cast<unsigned char>(octet);
      // 250 = 25 * 10: larger values would make some digits likelier.
      if (out.size() == 18 || value >= 250 || (out.empty() && value % 10 == 0)) continue;
      out.push_back(static_cast<char>('0' + value % 10));
    }
  }
  return out;
}

void SystemRandom::fill(void* out, std::size_t size) {
  auto* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const auto got = ::getrandom(at, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

} // namespace base
