#include "seal/message.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "mime/scan.h"
#include "seal/names.h"
#include "seal/transport_encryption.h"
#include "seal/transport_signature.h"
#include "seal/uncovered.h"
#include "xml/writer.h"
#include <set>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kMaxHeaderBlocks = 48;

// "soapStoreDelivery.xsd" beside the SOAP namespace -> "StoreDelivery" (2.3: pairs in any order).
std::optional<std::string> type_from(std::string_view schema_location) {
  std::vector<std::string_view> items;
  for (std::size_t at = 0; at < schema_location.size();) {
    const auto begin = schema_location.find_first_not_of(" \t\r\n", at);
    if (begin == std::string_view::npos) break;
    const auto end = schema_location.find_first_of(" \t\r\n", begin);
    items.push_back(schema_location.substr(
        begin, end == std::string_view::npos ? std::string_view::npos : end - begin));
    if (items.size() > 16) return std::nullopt;
    if (end == std::string_view::npos) break;
    at = end;
  }
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i] != ns::soap) continue;
    const auto file = items[i + 1];
    if (!file.starts_with("soap") || !file.ends_with(".xsd") || file.size() > 64)
      return std::nullopt;
    return std::string(file.substr(4, file.size() - 8));
  }
  return std::nullopt;
}

base::Result<xml::Document> parse_root_part(const mime::MessageView& parts,
                                            const xml::Limits& limits) {
  if (!parts.parts[0].base64) return xml::Document::parse(parts.parts[0].raw, limits);
  const auto decoded = parts.parts[0].decoded();
  if (!decoded) return decoded.error();
  return xml::Document::parse(*decoded, limits);
}

// Blocks of the OSCI namespaces may stand once; two QualityOfTimestamp blocks differ in Service.
std::string block_key(const xml::Element& element) {
  std::string key(element.namespace_uri());
  key += '|';
  key += element.name();
  if (element.is(ns::osci, "QualityOfTimestamp"))
    key += '|' + element.attribute("Service").value_or("");
  return key;
}

// A signature or certificate smuggled into another block must not be mistaken for ours (13.4).
bool contains_signature(const xml::Element& element) {
  for (const auto& child : element.children())
    if (child.is(ns::ds, "Signature") || contains_signature(child)) return true;
  return false;
}

} // namespace

const std::string& Verified::type() const {
  return message_->type_;
}
const std::vector<Block>& Verified::blocks() const {
  return message_->blocks_;
}
const Block& Verified::body() const {
  return *message_->body_;
}
const std::vector<Attachment>& Verified::attachments() const {
  return message_->attachments_;
}
const std::optional<crypto::Certificate>& Verified::signer() const {
  return message_->signer_;
}
const std::map<std::string, xml::Element, std::less<>>& Verified::ids() const {
  return message_->document_.ids();
}

const Block* Verified::block(std::string_view namespace_uri, std::string_view name) const {
  for (const auto& one : message_->blocks_)
    if (one.element.is(namespace_uri, name)) return &one;
  return nullptr;
}

base::Result<Verified> Message::verified(bool signature_required) const {
  if (signature_error_) return *signature_error_;
  if (!signature_present_ && signature_required) return fail(ErrorCode::signature_missing, type_);
  return Verified(*this);
}

std::string Message::signed_digest() const {
  if (!signature_block_) return {};
  const auto signatures = signature_block_->children();
  if (signatures.empty()) return {};
  const auto parts = signatures.front().children();
  if (parts.empty()) return {};
  return crypto::digest(crypto::DigestAlgorithm::sha256, parts.front().canonical());
}

using AttachmentReader = std::function<base::Result<std::vector<Attachment>>()>;

struct Opener {
  const OpenOptions& options;

  static AttachmentReader in_memory(const mime::MessageView& parts) {
    return [&parts]() -> base::Result<std::vector<Attachment>> {
      std::vector<Attachment> out;
      for (std::size_t i = 1; i < parts.parts.size(); ++i) {
        const auto& part = parts.parts[i];
        auto bytes = part.decoded();
        if (!bytes) return bytes.error();
        out.push_back(Attachment{std::string(part.content_id), std::string(part.content_type),
                                 part.other_headers, std::move(*bytes), part.base64});
      }
      return out;
    };
  }

  // `broken`: the code of a structure violation; 9100 in clear messages, 9300 inside encrypted
  // ones.
  base::Result<Message> read(const AttachmentReader& attachments, xml::Document document,
                             ErrorCode broken) const {
    const auto bad = [broken](const char* rule) { return fail(broken, rule); };
    const xml::Element root = document.root();
    if (!root.is(ns::soap, "Envelope") || !root.element_only()) return bad("no SOAP envelope");
    const auto location = root.attribute(ns::xsi, "schemaLocation");
    const auto children = root.children();
    Message out(std::move(document));

    if (!location) {
      if (is_request(options.direction)) return bad("no schemaLocation");
      if (children.size() != 1 || !children[0].is(ns::soap, "Body"))
        return bad("fault with something beside the Body");
      out.body_ = Block{children[0], "", ""};
      return out;
    }
    const auto type = type_from(*location);
    if (!type) return bad("unknown schemaLocation");
    out.type_ = *type;
    if (*type == "MessageEncrypted") return bad("encrypted message inside an encrypted message");

    if (children.size() != 2 || !children[0].is(ns::soap, "Header") ||
        !children[1].is(ns::soap, "Body") || !children[0].element_only())
      return bad("envelope is not exactly Header and Body");
    const auto header = children[0].children();
    if (header.empty() || header.size() > kMaxHeaderBlocks) return bad("number of header blocks");

    const std::string_view signature_name =
        is_request(options.direction) ? "ClientSignature" : "SupplierSignature";
    std::optional<xml::Element> signature;
    std::set<std::string> keys;
    for (const auto& element : header) {
      const auto id = element.attribute("Id");
      if (!id) return bad("header block without Id");
      if (element.namespace_uri().empty()) return bad("header block without namespace");
      const bool known = element.namespace_uri() == ns::osci ||
                         element.namespace_uri() == ns::osci2017 ||
                         element.namespace_uri() == ns::soap || element.namespace_uri() == ns::ds ||
                         element.namespace_uri() == ns::xenc;
      if (known && !keys.insert(block_key(element)).second) return bad("header block repeated");
      if (element.is(ns::osci, signature_name)) {
        signature = element;
        continue;
      }
      if (element.is(ns::osci, "ClientSignature") || element.is(ns::osci, "SupplierSignature"))
        return bad("signature of the other side");
      if (known && contains_signature(element)) return bad("signature in a foreign block");
      out.blocks_.push_back(Block{element, *id, element.canonical()});
    }
    const auto body_id = children[1].attribute("Id");
    if (!body_id) return bad("Body without Id");
    out.body_ = Block{children[1], *body_id, children[1].canonical()};

    auto read_attachments = attachments();
    if (!read_attachments) {
      if (read_attachments.error().code == ErrorCode::malformed_message)
        return bad("attachment is not base64");
      return read_attachments.error();
    }
    out.attachments_ = std::move(*read_attachments);

    if (signature) {
      out.signature_present_ = true;
      out.signature_block_ = signature;
      auto signer = verify_signature(*signature, options.direction, out.type_, out.blocks_,
                                     *out.body_, out.attachments_);
      if (signer)
        out.signer_ = *signer;
      else
        out.signature_error_ = signer.error();
    }
    return out;
  }

  void keep_xml(Message& out, const mime::MessageView& parts) const {
    if (!options.keep_xml) return;
    if (auto text = parts.parts[0].decoded()) out.xml_ = std::move(*text);
  }

  base::Result<Message> open(std::string_view body, std::string_view http_content_type,
                             const std::vector<crypto::KeyPair>& keys,
                             base::RandomSource& random) const {
    std::string digest = crypto::digest(crypto::DigestAlgorithm::sha256, body);
    const auto parts = mime::parse(body, options.mime, http_content_type);
    if (!parts) return parts.error();
    auto document = parse_root_part(*parts, options.xml);
    if (!document) return document.error();
    const auto location = document->root().attribute(ns::xsi, "schemaLocation");
    const auto type = location ? type_from(*location) : std::nullopt;
    if (type != "MessageEncrypted") {
      auto out = read(in_memory(*parts), std::move(*document), ErrorCode::malformed_message);
      if (!out) return out;
      keep_xml(*out, *parts);
      out->digest_ = std::move(digest);
      out->plain_ = body;
      return out;
    }
    if (!document->root().is(ns::soap, "Envelope"))
      return fail(ErrorCode::malformed_message, "no SOAP envelope");
    auto decrypted = decrypt_envelope(*document, *parts, keys, options, random);
    if (!decrypted) return decrypted.error();
    if (!crypto::cipher_is_gcm(decrypted->transport.cipher)) return open_cbc(*decrypted, digest);
    if (!decrypted->genuine) return fail(ErrorCode::undecryptable);
    const auto inner = parse_inner(decrypted->plain);
    if (!inner) return inner.error();
    auto out = read_inner(*inner);
    if (!out) return out;
    out->transport_ = decrypted->transport;
    out->digest_ = std::move(digest);
    out->plain_ = std::move(decrypted->plain);
    return out;
  }

  base::Result<Message> open_spooled(const Spooled& spooled,
                                     const std::vector<crypto::KeyPair>& keys,
                                     base::RandomSource& random) const {
    const auto parts = mime::scan(spooled.source, options.mime);
    if (!parts) return parts.error();
    const auto& root = parts->parts.front();
    // base64 has four characters and some white space for three octets.
    if (root.octets.size > (root.base64 ? 2 : 1) * std::uint64_t{options.xml.size})
      return fail(ErrorCode::too_large, "XML part");
    auto text = base::read_range(root.octets);
    if (text && root.base64) text = base::base64_decode(*text);
    if (!text) return text.error();
    auto document = xml::Document::parse(*text, options.xml);
    if (!document) return document.error();
    std::string kept;
    if (options.keep_xml) kept = std::move(*text);
    text->clear();
    text->shrink_to_fit();
    const auto location = document->root().attribute(ns::xsi, "schemaLocation");
    if (location && type_from(*location) == "MessageEncrypted") {
      const base::OctetRange whole{spooled.source, 0, spooled.source->size()};
      if (whole.size > spooled.max_encrypted)
        return fail(ErrorCode::too_large, "encrypted message inside a chunked transfer");
      const auto bytes = base::read_range(whole);
      if (!bytes) return bytes.error();
      auto out = open(*bytes, {}, keys, random);
      if (out) out->digest_ = spooled.digest;
      return out;
    }
    const auto attachments = [&]() -> base::Result<std::vector<Attachment>> {
      std::vector<Attachment> found;
      for (std::size_t i = 1; i < parts->parts.size(); ++i) {
        const auto& part = parts->parts[i];
        Attachment one{part.content_id, part.content_type, part.other_headers, {},
                       part.base64,     part.octets};
        if (part.base64) {
          auto decoded = spooled.decode(part.octets);
          if (!decoded) return decoded.error();
          one.range = std::move(*decoded);
        }
        found.push_back(std::move(one));
      }
      return found;
    };
    auto out = read(attachments, std::move(*document), ErrorCode::malformed_message);
    if (!out) return out;
    out->digest_ = spooled.digest;
    out->xml_ = std::move(kept);
    return out;
  }

  base::Result<mime::MessageView> parse_inner(std::string_view plain) const {
    auto parts = mime::parse(plain, options.mime);
    if (!parts && parts.error().code != ErrorCode::too_large) return fail(ErrorCode::undecryptable);
    return parts;
  }

  base::Result<Message> read_inner(const mime::MessageView& parts) const {
    auto document = parse_root_part(parts, options.xml);
    if (!document) {
      if (document.error().code == ErrorCode::malformed_message)
        return fail(ErrorCode::invalid_request, document.error().detail);
      return document.error();
    }
    auto out = read(in_memory(parts), std::move(*document), ErrorCode::invalid_request);
    if (out) keep_xml(*out, parts);
    return out;
  }

  // CBC has no integrity: whatever comes out of it could be an attacker's doing. So a wrong key or
  // wrong padding is not acted upon: what came out is read like any other text, as far as it can be
  // read, and whatever then falls short of a verified signature over everything is one and the same
  // error without detail (13.1, 13.3). How far reading gets still takes its time; gateway/ lets the
  // answer leave at a time that does not depend on it (gateway/refusal_times.h).
  base::Result<Message> open_cbc(Decrypted& decrypted, std::string& digest) const {
    const auto undecryptable = fail(ErrorCode::undecryptable);
    const auto parts = parse_inner(decrypted.plain);
    if (!parts) return undecryptable;
    auto out = read_inner(*parts);
    if (!out || !out->signature_present_ || out->signature_error_) return undecryptable;
    if (!nothing_uncovered(decrypted.plain, *parts, out->blocks_, *out->body_) ||
        !decrypted.genuine)
      return undecryptable;
    out->transport_ = decrypted.transport;
    out->digest_ = std::move(digest);
    out->plain_ = std::move(decrypted.plain);
    return out;
  }
};

base::Result<Message> open(std::string_view body, std::string_view http_content_type,
                           const std::vector<crypto::KeyPair>& keys, const OpenOptions& options,
                           base::RandomSource& random) {
  return Opener{options}.open(body, http_content_type, keys, random);
}

base::Result<Message> open_spooled(const Spooled& spooled, const std::vector<crypto::KeyPair>& keys,
                                   const OpenOptions& options, base::RandomSource& random) {
  return Opener{options}.open_spooled(spooled, keys, random);
}

std::string schema_location(std::string_view type) {
  return std::string(ns::soap) + " soap" + std::string(type) + ".xsd " + std::string(ns::ds) +
         " oscisig.xsd " + std::string(ns::xenc) + " oscienc.xsd";
}

namespace {

base::Result<std::string> write_envelope(const Draft& draft, const std::optional<SignWith>& sign) {
  const Context& c = draft.context;
  base::check(!draft.blocks.empty(), "a message starts with a ControlBlock");
  const std::string body_name = c.soap("Body");
  std::string body;
  body.reserve(draft.body.size() + 4096);
  body += "<" + body_name + c.declarations() + " Id=\"body\">";
  body += draft.body;
  body += "</" + body_name + ">";
  std::string signature;
  if (sign) {
    auto written = write_signature(draft, body, *sign);
    if (!written) return written.error();
    signature = std::move(*written);
  }
  std::size_t size = body.size() + signature.size() + 8192;
  for (const auto& block : draft.blocks) size += block.canonical.size();
  std::string xml;
  xml.reserve(size);
  xml += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\r\n<" + c.soap("Envelope") +
         c.declarations() + " xsi:schemaLocation=\"" + schema_location(draft.type) + "\"><" +
         c.soap("Header") + ">";
  for (std::size_t i = 0; i < draft.blocks.size(); ++i) {
    xml += draft.blocks[i].canonical;
    if (i == 0) xml += signature;
  }
  xml += "</" + c.soap("Header") + ">";
  xml += body;
  xml += "</" + c.soap("Envelope") + ">";
  return xml;
}

// Views into the draft.
std::vector<mime::PartOut> attachment_parts(const Draft& draft) {
  std::vector<mime::PartOut> parts;
  for (const auto& attachment : draft.attachments) {
    mime::PartOut part;
    part.content_id = attachment.content_id;
    part.content_type = attachment.content_type;
    // "8bit" of binary octets is how peers label attachments; readers frame by the delimiter alone.
    part.transfer_encoding = attachment.base64 ? "base64" : "8bit";
    part.other_headers = attachment.headers;
    part.bytes = attachment.bytes;
    part.range = attachment.range;
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string new_boundary(base::RandomSource& random) {
  return "MIME_boundary_" + base::hex_encode(random.bytes(16));
}

} // namespace

base::Result<> close_to(const Draft& draft, const std::optional<SignWith>& sign,
                        base::RandomSource& random, const base::OctetSink& sink) {
  const auto xml = write_envelope(draft, sign);
  if (!xml) return xml.error();
  return mime::write_to(new_boundary(random), *xml, attachment_parts(draft), sink);
}

base::Result<std::string> close(const Draft& draft, const std::optional<SignWith>& sign,
                                const std::optional<EncryptFor>& encrypt,
                                base::RandomSource& random) {
  for (const auto& attachment : draft.attachments)
    base::check(!attachment.range, "attachment of a message in memory is not in memory");
  const auto xml = write_envelope(draft, sign);
  if (!xml) return xml.error();
  std::string plain = mime::write(new_boundary(random), *xml, attachment_parts(draft));
  if (!encrypt) return plain;
  return encrypt_envelope(plain, *encrypt, random);
}

} // namespace seal
