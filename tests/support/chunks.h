// A sender's side of a chunked transfer, for tests of the intermediary.
#pragma once
#include "support/intermediary.h"
#include <algorithm>
#include <fstream>

namespace support {

// Limits in KiB: chunks of 2 to 64, messages up to 8 MiB.
inline osci::Policy with_chunks() {
  osci::Policy policy;
  policy.chunks = osci::ChunkLimits{2, 64, 8 * 1024, 30};
  return policy;
}

// Octets without structure, the same each time.
inline std::string octets(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 12345;
  for (auto& c : out) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

class ChunkedStore {
 public:
  ChunkedStore(const Party& party, std::string message_id, std::string message,
               std::uint64_t chunk_kib)
      : id(std::move(message_id)), whole(std::move(message)), sender_(party), kib_(chunk_kib) {}

  std::string id;
  std::string whole;
  std::string addressee = "recipient";

  std::uint32_t count() const {
    return static_cast<std::uint32_t>((whole.size() + kib_ * 1024 - 1) / (kib_ * 1024));
  }
  std::string piece(std::uint32_t number) const {
    return whole.substr((number - 1) * kib_ * 1024, kib_ * 1024);
  }
  // `request` with what makes it chunk `number`.
  osci::Request filled(osci::Request request, std::uint32_t number) const {
    request = framed(std::move(request));
    request.chunk =
        osci::ChunkInformation{number, kib_, std::nullopt, count(), (whole.size() + 1023) / 1024};
    request.content.attachments.push_back(
        {std::string(osci::kChunkContentId), "application/octet-stream", "", piece(number), false});
    return request;
  }
  osci::Request chunk(const Dialog& dialog, std::uint32_t number) const {
    return filled(dialog.next(osci::MessageType::partial_store_delivery), number);
  }
  osci::Request information(osci::Request request) const {
    request = framed(std::move(request));
    request.info_only = true;
    return request;
  }
  osci::Request info(const Dialog& dialog) const {
    return information(dialog.next(osci::MessageType::partial_store_delivery));
  }
  std::string party() const { return "cert:" + sender_.cipher.certificate.fingerprint(); }
  // As the intermediary hands it to its store.
  mailbox::Chunk stored_chunk(const mailbox::Transfer& known, std::uint32_t number) const {
    mailbox::Chunk out;
    out.key = known.key;
    out.parties = known.parties;
    out.number = number;
    out.total_numbers = known.total_numbers;
    out.chunk_kib = known.chunk_kib;
    out.total_kib = known.total_kib;
    out.bytes = piece(number);
    out.now = known.activity;
    return out;
  }

 private:
  osci::Request framed(osci::Request request) const {
    request.message_id = id + std::string(osci::kPartialSuffix);
    request.subject = "Antrag";
    const auto& certificate = key(addressee + "_cipher").certificate;
    request.certificates.push_back({"CipherCertificateAddressee",
                                    osci::certificate_id("addressee_cipher", certificate),
                                    certificate});
    return request;
  }

  const Party& sender_;
  std::uint64_t kib_;
};

} // namespace support
