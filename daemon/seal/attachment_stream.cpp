#include "seal/attachment_stream.h"
#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "seal/transport_encryption.h"
#include <algorithm>
#include <cstring>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kPiece = 256 * 1024;

// What Encryptor makes of a range. Read once, from the front.
class Encrypting final : public base::Octets {
 public:
  Encrypting(base::OctetRange plain, const MeasuredAttachment& measured,
             crypto::DigestAlgorithm digest, crypto::Cipher cipher, std::string_view iv)
      : plain_(std::move(plain)), measured_(measured), encryptor_(cipher, measured.key, iv),
        hasher_(digest), size_(sealed_size(cipher, iv.size(), plain_.size)) {}

  std::uint64_t size() const override { return size_; }

  base::Result<> read(std::uint64_t offset, char* out, std::size_t size) const override {
    base::check(offset == handed_out_ && size <= size_ - offset,
                "an attachment is encrypted once and in order");
    while (size > 0) {
      if (ready_.empty())
        if (const auto more = next(); !more) return more;
      const std::size_t part = std::min(size, ready_.size());
      std::memcpy(out, ready_.data(), part);
      ready_.erase(0, part);
      out += part;
      size -= part;
      handed_out_ += part;
    }
    return {};
  }

 private:
  static std::uint64_t sealed_size(crypto::Cipher cipher, std::size_t iv, std::uint64_t plain) {
    if (crypto::cipher_is_gcm(cipher)) return iv + plain + 16;
    return iv + (plain / iv + 1) * iv; // the IV is as long as a block
  }

  base::Result<> next() const {
    if (taken_ < plain_.size) {
      std::string piece(
          static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, plain_.size - taken_)), '\0');
      if (const auto done = plain_.source->read(plain_.offset + taken_, piece.data(), piece.size());
          !done)
        return done;
      taken_ += piece.size();
      hasher_.update(piece);
      ready_ = encryptor_.update(piece);
      return {};
    }
    if (hasher_.finish() != measured_.digest)
      return fail(ErrorCode::file_error, measured_.content_id + " changed while it was read");
    ready_ = encryptor_.finish();
    return {};
  }

  const base::OctetRange plain_;
  const MeasuredAttachment measured_;
  mutable crypto::Encryptor encryptor_;
  mutable crypto::Hasher hasher_;
  const std::uint64_t size_;
  mutable std::uint64_t taken_ = 0, handed_out_ = 0;
  mutable std::string ready_;
};

} // namespace

base::Result<MeasuredAttachment> measure_attachment(const base::OctetRange& plain,
                                                    std::string content_id,
                                                    crypto::DigestAlgorithm digest,
                                                    crypto::Cipher cipher,
                                                    base::RandomSource& random) {
  MeasuredAttachment out;
  out.content_id = std::move(content_id);
  auto value = crypto::digest(digest, plain);
  if (!value) return value.error();
  out.digest = std::move(*value);
  out.key = random.bytes(crypto::cipher_key_size(cipher));
  return out;
}

Attachment encrypting(const MeasuredAttachment& measured, base::OctetRange plain,
                      crypto::DigestAlgorithm digest, const EncryptContent& encrypt,
                      base::RandomSource& random) {
  Attachment out;
  out.content_id = measured.content_id;
  out.content_type = measured.content_type;
  const std::string iv = random.bytes(iv_size(encrypt.cipher, encrypt.iv_length));
  const auto octets =
      std::make_shared<Encrypting>(std::move(plain), measured, digest, encrypt.cipher, iv);
  out.range = {octets, 0, octets->size()};
  return out;
}

base::Result<base::OctetRange> decrypt_attachment(const base::OctetRange& sealed,
                                                  crypto::Cipher cipher, std::string_view key,
                                                  std::size_t iv_length,
                                                  const NewPlainFile& new_file) {
  base::check(static_cast<bool>(new_file), "a place for decrypted attachments");
  auto file = new_file();
  if (!file) return file.error();
  crypto::Decryptor decryptor(cipher, key, iv_length);
  const auto put = [&file](base::Result<std::string> plain) -> base::Result<> {
    if (!plain) return plain.error();
    return (*file)->append(*plain);
  };
  const auto all = base::for_each_piece(
      sealed, [&](std::string_view piece) { return put(decryptor.update(piece)); });
  if (!all) return all.error();
  if (const auto last = put(decryptor.finish()); !last) return last.error();
  return (*file)->finish();
}

base::Result<base::OctetRange> decode_base64(const base::OctetRange& text,
                                             const NewPlainFile& new_file) {
  base::check(static_cast<bool>(new_file), "a place for decoded attachments");
  auto file = new_file();
  if (!file) return file.error();
  base::Base64Decoder decoder;
  const auto put = [&file](base::Result<std::string> octets) -> base::Result<> {
    if (!octets) return octets.error();
    return (*file)->append(*octets);
  };
  const auto all =
      base::for_each_piece(text, [&](std::string_view piece) { return put(decoder.feed(piece)); });
  if (!all) return all.error();
  if (const auto last = put(decoder.finish()); !last) return last.error();
  return (*file)->finish();
}

} // namespace seal
