// Every request decoder, reached as in the daemon but without asking for a signature.
#include "osci/message.h"
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::SystemRandom random;
  seal::OpenOptions options;
  options.xml.size = 1 << 20;
  const auto message = seal::open(std::string_view(reinterpret_cast<const char*>(data), size), "",
                                  {}, options, random);
  if (!message) return 0;
  (void)osci::decode_frame(*message);
  const auto request = osci::decode_request(message->unverified(), false);
  if (request) (void)osci::encode_request(*request);
  return 0;
}
