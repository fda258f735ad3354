// The transport envelope of OSCI 1.2: open() turns an HTTP body into a message whose signed parts
// are the parts that decoders can reach; close() composes one. XML-DSig and XML-Enc in the strict
// OSCI profile (wire reference 4, 5, 13.3, 13.4; design decision 5). Blocking CPU work: CPU pool.
// No global state.
#pragma once
#include "base/octets.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/keys.h"
#include "mime/message.h"
#include "seal/context.h"
#include "xml/document.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seal {

// Who signs, and where its certificate must stand (4.2).
enum class Direction {
  request,     // to an intermediary: ClientSignature, SignatureCertificateOriginator
  answer,      // of an intermediary: SupplierSignature, SignatureCertificateIntermediary
  push,        // AcceptDelivery, ProcessDelivery: ClientSignature, SignatureCertificateIntermediary
  push_answer, // SupplierSignature; SignatureCertificateAddressee of a ResponseToAcceptDelivery,
               // SignatureCertificateOriginator of a ResponseToProcessDelivery (roles swapped)
};
inline bool is_request(Direction direction) {
  return direction == Direction::request || direction == Direction::push;
}

struct Attachment {
  std::string content_id;
  std::string content_type = "application/octet-stream";
  std::string headers;      // further MIME header lines, CRLF separated
  std::string bytes;        // decoded: what the transport signature covers (4.4)
  bool base64 = false;      // transfer coding used or wanted
  base::OctetRange range{}; // instead of bytes: octets that need not fit into memory
};

// A child of soap:Header, or the Body, with its canonical text (apex C14N).
struct Block {
  xml::Element element;
  std::string id;
  std::string canonical;
};

// How the message travelled.
struct Transport {
  bool encrypted = false;
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  std::size_t iv_length = 12;
  crypto::KeyTransport key_transport;
  bool base64 = false;
};

struct OpenOptions {
  Direction direction = Direction::request;
  mime::Limits mime;
  xml::Limits xml;
  // Legacy ciphers and key transport: off unless an operator turns them on.
  bool allow_cbc = false; // AES
  bool allow_3des = false;
  bool allow_rsa15 = false;
  bool keep_xml = false; // for Message::xml()
};

// What decoders may read: exactly the blocks, Body and attachments that the signature covers, or
// all of them where policy accepts an unsigned message. Borrowed from its Message.
class Verified {
 public:
  const std::string& type() const;
  const std::vector<Block>& blocks() const; // without the signature block, in document order
  const Block* block(std::string_view namespace_uri, std::string_view name) const; // null: absent
  const Block& body() const;
  const std::vector<Attachment>& attachments() const;
  // Certificate that verified the signature; nullopt: unsigned.
  const std::optional<crypto::Certificate>& signer() const;
  const std::map<std::string, xml::Element, std::less<>>& ids() const;

 private:
  friend class Message;
  explicit Verified(const class Message& message) : message_(&message) {}
  const class Message* message_;
};

class Message {
 public:
  // E.g. "StoreDelivery"; from schemaLocation, spelled as in 1.2. Empty: a SOAP fault (2.3).
  const std::string& type() const { return type_; }
  const Transport& transport() const { return transport_; }
  bool is_signed() const { return signature_present_; }

  // The verified view. Errors: signature_missing (when required), signature_wrong,
  // signature_incomplete.
  base::Result<Verified> verified(bool signature_required) const;
  // The same parts without any guarantee: only to read what an error answer needs (ControlBlock,
  // languages, the client's cipher certificate). Never act on it.
  Verified unverified() const { return Verified(*this); }

  // SHA-256 (raw octets) of the body as received: recognises identical repeats.
  const std::string& digest() const { return digest_; }
  // SHA-256 (raw octets) of what was signed, the canonical SignedInfo: the same for every encoding
  // and encryption of one signed message. Empty: unsigned.
  std::string signed_digest() const;
  // The inner MIME message: what was encrypted, or a copy of the body.
  const std::string& plain() const { return plain_; }
  // The XML part, as a schema validator reads it; empty unless OpenOptions::keep_xml asked for it.
  const std::string& xml() const { return xml_; }

 private:
  friend class Verified;
  friend struct Opener;
  explicit Message(xml::Document document) : document_(std::move(document)) {}

  std::string type_;
  Transport transport_;
  std::string digest_;
  std::string plain_;
  std::string xml_;
  xml::Document document_;
  std::vector<Block> blocks_;
  std::optional<Block> body_;
  std::vector<Attachment> attachments_;
  bool signature_present_ = false;
  std::optional<xml::Element> signature_block_;
  std::optional<base::Error> signature_error_;
  std::optional<crypto::Certificate> signer_;
};

// Every SOAP fault carries no schemaLocation: it opens as a message of empty type, unsigned, whose
// body() is the Body. For requests that is invalid (malformed_message / invalid_request). `keys`:
// the cipher key pairs of this party; chosen by full certificate equality (5.2). Errors:
// malformed_message, duplicate_id, too_large, unknown_cipher_certificate, undecryptable (one value
// for every way a decryption can fail, without detail), invalid_request (decrypted, but no
// message). With CBC, which protects nothing, whatever is not exactly a message with a valid
// signature is undecryptable too, and all of that is found out the same way: a wrong key, wrong
// padding, no MIME, no XML, no signature, a wrong one, or octets that the signature does not cover
// (13.1, 13.3).
base::Result<Message> open(std::string_view body, std::string_view http_content_type,
                           const std::vector<crypto::KeyPair>& keys, const OpenOptions& options,
                           base::RandomSource& random);

// A message that lies outside of memory, as the pieces of a chunked transfer make it. Attachments
// of the opened message are ranges of `source`; the XML part is read whole, within options.xml.
// What is encrypted has to be held in memory as a whole and is opened up to `max_encrypted` octets.
// `decode` puts a base64 attachment, decoded, somewhere and names the place. Message::digest() is
// `digest`, plain() is empty. Errors: as open(), too_large for what is beyond a limit, and those of
// the source.
struct Spooled {
  std::shared_ptr<const base::Octets> source;
  std::string digest;
  std::function<base::Result<base::OctetRange>(const base::OctetRange& text)> decode;
  std::uint64_t max_encrypted = 0;
};
base::Result<Message> open_spooled(const Spooled& spooled, const std::vector<crypto::KeyPair>& keys,
                                   const OpenOptions& options, base::RandomSource& random);

// A header block to be written: `canonical` is its apex C14N in the draft's context and what gets
// hashed.
struct DraftBlock {
  std::string id;
  std::string canonical;
};

struct Draft {
  Direction direction = Direction::answer;
  std::string type; // e.g. "ResponseToStoreDelivery"
  Context context = Context::standard();
  std::vector<DraftBlock> blocks; // the first is the ControlBlock; the signature follows it (3.6)
  std::string body;               // canonical inside of soap:Body in this context
  std::vector<Attachment> attachments;
};

struct SignWith {
  crypto::KeyPair key;
  std::string certificate_id; // Id of the certificate element that KeyInfo names
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::rsa_sha256;
  crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256;
};

struct EncryptFor {
  crypto::Certificate recipient;
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  std::size_t iv_length = 12; // GCM: 12 writes IvLength, 16 writes none (5.4)
  crypto::KeyTransport key_transport;
  bool base64 = false;
};

// The HTTP body of the message. Error: key_error (a key does not fit its algorithm).
base::Result<std::string> close(const Draft& draft, const std::optional<SignWith>& sign,
                                const std::optional<EncryptFor>& encrypt,
                                base::RandomSource& random);

// The same in clear and piece by piece; attachments may be ranges. Errors: key_error, and those of
// the ranges and the sink.
base::Result<> close_to(const Draft& draft, const std::optional<SignWith>& sign,
                        base::RandomSource& random, const base::OctetSink& sink);

// "http://schemas.xmlsoap.org/soap/envelope/ soap<Type>.xsd ..." (2.3).
std::string schema_location(std::string_view type);

} // namespace seal
