// Every answer decoder, as the client reads what an intermediary sends.
#include "osci/message.h"
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::SystemRandom random;
  seal::OpenOptions options;
  options.direction = seal::Direction::answer;
  options.xml.size = 1 << 20;
  const auto message = seal::open(std::string_view(reinterpret_cast<const char*>(data), size), "",
                                  {}, options, random);
  if (message) (void)osci::decode_answer(*message, false);
  return 0;
}
