// AcceptDelivery and ProcessDelivery, as a passive recipient reads what is pushed to it, but
// without asking for a signature; then the content of the delivery, without a key.
#include "osci/message.h"
#include "seal/content.h"
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static base::SystemRandom random;
  seal::OpenOptions options;
  options.direction = seal::Direction::push;
  options.xml.size = 1 << 20;
  const auto message = seal::open(std::string_view(reinterpret_cast<const char*>(data), size), "",
                                  {}, options, random);
  if (!message) return 0;
  (void)osci::decode_push_frame(*message);
  const auto verified = message->unverified();
  const auto request = osci::decode_request(verified, false);
  if (!request) return 0;
  (void)osci::encode_request(*request);
  std::vector<seal::NamedCertificate> certificates;
  for (const auto& one : request->certificates)
    certificates.push_back({one.role, one.id, one.certificate});
  for (const auto& package : verified.body().element.children())
    (void)seal::open_content(package, certificates, verified.attachments(), {}, {}, random);
  return 0;
}
