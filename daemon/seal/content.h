// The end-to-end layer of OSCI 1.2: what an author signs and encrypts for a reader, and what an
// intermediary carries without being able to look inside (wire reference 6). Used by clients only.
// Blocking CPU work. No global state; thread-safe.
#pragma once
#include "base/octets.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "seal/message.h"
#include "xml/document.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace seal {

// An entry of NonIntermediaryCertificates: what content refers to by Id (4.9).
struct NamedCertificate {
  std::string role; // element name, e.g. "CipherCertificateOtherReader"
  std::string id;
  crypto::Certificate certificate;
};

// An attachment that is too large for memory, after it was read once: what its container says about
// it. Its octets follow when the message is written (attachment_stream.h).
struct MeasuredAttachment {
  std::string content_id; // as of ContentDraft::attachments
  std::string content_type = "application/octet-stream";
  std::string digest; // of the plain octets, by the author's digest algorithm
  std::string key;    // a random one of its own, for the cipher of EncryptContent
};

// One ContentContainer to be written.
struct ContentDraft {
  std::vector<std::string> data; // each becomes a Base64Content
  std::vector<Attachment>
      attachments; // plain bytes; content_id: printable ASCII without <>"& and space
  std::vector<MeasuredAttachment> measured{}; // only in encrypted containers
};

struct EncryptContent {
  // `id` of each stands in NonIntermediaryCertificates of the message; the role does not matter.
  std::vector<NamedCertificate> readers;
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  std::size_t iv_length = 12; // GCM: 12 writes IvLength, 16 writes none (5.4)
  crypto::KeyTransport key_transport;
};

struct SealedContent {
  std::string body; // canonical inside of soap:Body in Context::standard()
  // As they travel: encrypted if the container is. Without the measured ones.
  std::vector<Attachment> attachments;
};

// `sign`: the author; certificate_id names an entry of role SignatureCertificateOriginator or
// ...OtherAuthor. Errors: key_error (a key does not fit its algorithm), invalid_request (nothing to
// send, or a content_id that cannot stand in a message).
base::Result<SealedContent> seal_content(const ContentDraft& draft,
                                         const std::optional<SignWith>& sign,
                                         const std::optional<EncryptContent>& encrypt,
                                         base::RandomSource& random);

// Octets on their way to where they can be read again. What was appended without finish() is gone
// with the object.
class PlainFile {
 public:
  virtual ~PlainFile() = default;
  virtual base::Result<> append(std::string_view piece) = 0; // error: file_error
  virtual base::Result<base::OctetRange> finish() = 0;
};
using NewPlainFile = std::function<base::Result<std::unique_ptr<PlainFile>>()>;

struct ContentOptions {
  xml::Limits xml; // of each decrypted container
  std::size_t containers =
      64;                // in one message, nested ones included: each may cost an RSA operation
  std::size_t depth = 8; // nested containers
  std::size_t signatures = 8; // of one container
  bool allow_cbc = false;     // legacy: as for the transport (13.3)
  bool allow_rsa15 = false;
  // Where attachments that are ranges are decrypted to; needed if there are any.
  NewPlainFile new_file;
};

enum class SignatureState {
  none,  // no container around the item is signed
  valid, // at least one is, and every signature around the item is right
};

// One piece of content. Names and media types were chosen by the sender: never use them as a path
// as they are.
struct ContentItem {
  enum class Kind { data, attachment };
  Kind kind = Kind::data;
  std::string name; // data: Id of the Base64Content, may be empty; attachment: its Content-ID
  std::string content_type; // attachment: as written in the message
  std::string bytes;        // decrypted and decoded
  // Instead of `bytes`, of an attachment that is a range: the plain octets, all of them verified.
  base::OctetRange file{};
  std::string container; // Id of the container, may be empty
  bool encrypted = false;
  SignatureState signature = SignatureState::none;
  std::vector<crypto::Certificate>
      signers; // everyone whose signature covers the item, innermost first
};

struct OpenedContent {
  std::vector<ContentItem> items;     // in document order
  std::size_t foreign_containers = 0; // encrypted for others only
  // Attachments that nothing readable refers to: of foreign containers, or of nobody. They are
  // covered by no content signature.
  std::vector<std::string> unclaimed_attachments;
};

// `package`: the osci:ContentPackage inside its message, because digests depend on the namespaces
// in scope there (4.7). `attachments` and `certificates`: those of the same message. `keys`: the
// reader's cipher key pairs, old and new. A wrong content signature is an error, never a mere
// state: no item leaves that is claimed to be signed and is not. Errors: malformed_message,
// duplicate_id, too_large (structure); unknown_cipher_certificate (all of it is encrypted for
// others); undecryptable (one value for every way a decryption can fail, without detail);
// signature_wrong, signature_incomplete; file_error (of ranges).
base::Result<OpenedContent> open_content(const xml::Element& package,
                                         const std::vector<NamedCertificate>& certificates,
                                         const std::vector<Attachment>& attachments,
                                         const std::vector<crypto::KeyPair>& keys,
                                         const ContentOptions& options, base::RandomSource& random);

} // namespace seal
