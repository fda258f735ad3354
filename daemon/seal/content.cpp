#include "seal/content.h"
#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/key_transport.h"
#include "crypto/signature.h"
#include "seal/attachment_stream.h"
#include "seal/names.h"
#include "seal/transport_encryption.h"
#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

using Element = xml::Element;

// One value for every cause, as in the transport layer (wire reference 13.3).
base::Error undecryptable() {
  return fail(ErrorCode::undecryptable);
}
base::Error malformed(const char* rule) {
  return fail(ErrorCode::malformed_message, rule);
}
base::Error wrong(const char* rule) {
  return fail(ErrorCode::signature_wrong, rule);
}

bool only_attributes(const Element& element, std::initializer_list<std::string_view> allowed) {
  for (const auto& name : element.attribute_names())
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) return false;
  return true;
}

bool is_empty(const Element& element) {
  return element.children().empty() && base::trim(element.text().value_or("x")).empty();
}

// The only child, if it is the one expected.
std::optional<Element> single(const Element& parent, std::string_view uri, std::string_view name) {
  const auto children = parent.children();
  if (children.size() != 1 || !children[0].is(uri, name)) return std::nullopt;
  return children[0];
}

std::optional<std::string> decoded_text(const Element& element) {
  const auto text = element.text();
  if (!text) return std::nullopt;
  auto bytes = base::base64_decode(*text);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

// What the reference library hashes for an EncryptedData inside a signed container: the canonical
// text without namespace declarations (6.3, 16 no. 13). `apex_only` keeps those of inner elements.
std::string without_declarations(std::string_view canonical, bool apex_only) {
  std::string out;
  out.reserve(canonical.size());
  std::size_t at = 0;
  bool first = true;
  while (at < canonical.size()) {
    const auto open = canonical.find('<', at);
    if (open == std::string_view::npos) break;
    out += canonical.substr(at, open - at);
    // In canonical text '<' always starts a tag, and attributes are written as name="value".
    std::size_t i = open;
    while (i < canonical.size() && canonical[i] != '>') {
      if (canonical[i] != ' ') {
        out += canonical[i++];
        continue;
      }
      const auto quote = canonical.find('"', i);
      const auto end = quote == std::string_view::npos ? quote : canonical.find('"', quote + 1);
      if (end == std::string_view::npos) return {};
      const auto attribute = canonical.substr(i, end + 1 - i);
      const bool declaration = attribute.starts_with(" xmlns=") || attribute.starts_with(" xmlns:");
      if (!declaration || (apex_only && !first)) out += attribute;
      i = end + 1;
    }
    if (i < canonical.size()) out += canonical[i++];
    first = false;
    at = i;
  }
  out += canonical.substr(std::min(at, canonical.size()));
  return out;
}

// The library form says nothing about what prefixes mean; it is accepted only where they mean the
// usual.
bool usual_prefixes(const Element& element) {
  const auto scope = element.namespaces_in_scope();
  constexpr std::pair<std::string_view, std::string_view> usual[] = {
      {"ds", ns::ds}, {"osci", ns::osci}, {"soap", ns::soap}, {"xenc", ns::xenc}, {"xsi", ns::xsi}};
  for (const auto& [prefix, uri] : usual) {
    const auto bound = scope.find(std::string(prefix));
    if (bound == scope.end() || bound->second != uri) return false;
  }
  return element.prefix() == "xenc";
}

// The plain octets of an attachment: in memory, borrowed because they are large, or in a file.
struct Plain {
  std::string_view bytes;
  base::OctetRange file{};
};

// What a reference of a content signature may point to, and how it is hashed (6.3).
struct Target {
  enum class Kind { base64, canonical, attachment, encrypted_data, properties };
  Kind kind = Kind::base64;
  std::string bytes; // decoded data or canonical text
  Plain attachment;
  bool optional = false; // attachments inside nested encrypted containers
  bool library_form = false;

  base::Result<std::string> digest(crypto::DigestAlgorithm algorithm) const {
    if (attachment.file) return crypto::digest(algorithm, attachment.file);
    return crypto::digest(algorithm, kind == Kind::attachment ? attachment.bytes : bytes);
  }
};
using Targets = std::map<std::string, Target>;

base::Result<bool> digest_matches(crypto::DigestAlgorithm algorithm, const Target& target,
                                  std::string_view value) {
  const auto actual = target.digest(algorithm);
  if (!actual) return actual.error();
  if (*actual == value) return true;
  if (!target.library_form) return false;
  for (const bool apex_only : {true, false})
    if (crypto::digest(algorithm, without_declarations(target.bytes, apex_only)) == value)
      return true;
  return false;
}

base::Result<> check_reference(const Element& reference, const Targets& targets,
                               std::set<std::string>& seen) {
  if (!reference.is(ns::ds, "Reference")) return wrong("unexpected element in SignedInfo");
  const auto uri = reference.attribute("URI");
  if (!uri) return wrong("reference without URI");
  const auto found = targets.find(*uri);
  if (found == targets.end()) return wrong("reference to something that is not there");
  if (!seen.insert(*uri).second) return wrong("reference repeated");
  const Target& target = found->second;
  // XAdES wants a Type on the reference to its properties; nothing else has one.
  if (target.kind == Target::Kind::properties ? !only_attributes(reference, {"URI", "Type"})
                                              : !only_attributes(reference, {"URI"}))
    return wrong("unexpected attribute of a reference");

  const auto children = reference.children();
  std::size_t at = 0;
  if (target.kind != Target::Kind::attachment) {
    if (children.size() != 3 || !children[0].is(ns::ds, "Transforms"))
      return wrong("reference has unexpected children");
    // Application transforms (XSLT) would run the sender's program; they are not supported.
    const auto transform = single(children[0], ns::ds, "Transform");
    const auto expected = target.kind == Target::Kind::base64 ? ns::base64 : ns::c14n;
    if (!transform || !is_empty(*transform) ||
        transform->attribute("Algorithm") != std::string(expected))
      return wrong("transform is not exactly the one expected");
    at = 1;
  } else if (children.size() != 2) {
    return wrong("reference has unexpected children");
  }
  if (!children[at].is(ns::ds, "DigestMethod") || !is_empty(children[at]) ||
      !children[at + 1].is(ns::ds, "DigestValue"))
    return wrong("reference has unexpected children");
  const auto algorithm = crypto::digest_from_uri(children[at].attribute("Algorithm").value_or(""));
  if (!algorithm) return wrong("digest algorithm not allowed");
  const auto value = decoded_text(children[at + 1]);
  if (!value) return wrong("digest does not match");
  const auto matches = digest_matches(*algorithm, target, *value);
  if (!matches) return matches.error();
  if (!*matches) return wrong("digest does not match");
  return {};
}

// Keys of encrypted attachments by Content-ID (6.5).
struct AttachmentKey {
  DataMethod method;
  std::string key;
};
using AttachmentKeys = std::map<std::string, AttachmentKey>;

class Opener {
 public:
  Opener(const std::vector<NamedCertificate>& certificates,
         const std::vector<Attachment>& attachments, const std::vector<crypto::KeyPair>& keys,
         const ContentOptions& options, base::RandomSource& random)
      : certificates_(certificates), keys_(keys), options_(options), random_(random) {
    for (const auto& one : attachments)
      if (attachments_.emplace(one.content_id, &one).second) octets_ += octets_of(one);
  }

  base::Result<OpenedContent> open(const Element& package) {
    if (!package.is(ns::osci, "ContentPackage") || !package.element_only())
      return malformed("no ContentPackage");
    OpenedContent out;
    const Place top;
    for (const auto& child : package.children()) {
      auto found = child.is(ns::osci, "ContentContainer") ? container(child, top)
                   : child.is(ns::xenc, "EncryptedData")
                       ? encrypted(child, top)
                       : base::Result<Found>(malformed("unexpected child of ContentPackage"));
      if (!found) return found.error();
      for (auto& item : found->items) out.items.push_back(std::move(item));
    }
    if (opened_ == 0 && foreign_ != 0)
      return fail(ErrorCode::unknown_cipher_certificate,
                  "the content is encrypted for other readers only");
    for (const auto& [id, attachment] : attachments_)
      if (!claimed_.contains(id)) out.unclaimed_attachments.push_back(id);
    out.foreign_containers = foreign_;
    return out;
  }

 private:
  struct Place {
    std::size_t depth = 0;
    bool encrypted = false;
    AttachmentKeys keys;
  };

  struct Found {
    std::vector<ContentItem> items;
    std::map<std::string, Plain> attachments; // by Content-ID, used here or below
  };

  const NamedCertificate* certificate(const std::optional<std::string>& uri,
                                      std::string_view role) const {
    for (const auto& one : certificates_)
      if (uri == "#" + one.id) return one.role.starts_with(role) ? &one : nullptr;
    return nullptr;
  }

  static bool is_attachment_key(const Element& data) {
    const auto children = data.children();
    return children.size() == 3 && children[2].is(ns::xenc, "CipherData") &&
           single(children[2], ns::xenc, "CipherReference");
  }

  base::Result<> add_attachment_key(const Element& data, AttachmentKeys& keys) const {
    const auto children = data.children();
    const auto reference = single(children[2], ns::xenc, "CipherReference");
    const auto uri = reference->attribute("URI");
    if (!children[0].is(ns::xenc, "EncryptionMethod") || !children[1].is(ns::ds, "KeyInfo") ||
        !uri || !uri->starts_with("cid:"))
      return malformed("EncryptedData of an attachment");
    const auto management = single(children[1], ns::ds, "MgmtData");
    if (!management) return malformed("attachment without key");
    auto method = parse_data_method(children[0], options_.allow_cbc, options_.allow_cbc);
    if (!method) return method.error();
    auto key = decoded_text(*management);
    if (!key || key->size() != crypto::cipher_key_size(method->cipher))
      return malformed("key of an attachment");
    if (!keys.emplace(uri->substr(4), AttachmentKey{*method, std::move(*key)}).second)
      return malformed("two keys for one attachment");
    return {};
  }

  static std::uint64_t octets_of(const Attachment& one) {
    return one.range ? one.range.size : one.bytes.size();
  }

  // The plain bytes, owned by the message or by plain_, or the plain file.
  base::Result<Plain> attachment(const std::string& id, const Place& place) {
    const auto part = attachments_.find(id);
    if (part == attachments_.end()) return malformed("attachment is missing");
    const auto& sealed = *part->second;
    // A repeated reference costs its sender a few octets and the reader a copy of the whole: all of
    // them together may double what was sent, no more.
    if (!claimed_.insert(id).second && (repeated_ += octets_of(sealed)) > octets_)
      return fail(ErrorCode::too_large, "an attachment is used too often");
    const auto key = place.keys.find(id);
    if (key == place.keys.end()) return Plain{sealed.bytes, sealed.range};
    const auto& method = key->second.method;
    if (!sealed.range) {
      auto plain = crypto::decrypt(method.cipher, key->second.key, method.iv_length, sealed.bytes);
      if (!plain) return undecryptable();
      return Plain{plain_.emplace_back(std::move(*plain))};
    }
    // Once: else every container of a hostile message could have the same gigabyte written again.
    auto& known = plain_files_[id];
    if (!known.file) {
      auto plain = decrypt_attachment(sealed.range, method.cipher, key->second.key,
                                      method.iv_length, options_.new_file);
      if (!plain) return plain.error();
      known = {key->second.key, std::move(*plain)};
    }
    if (known.key != key->second.key) return malformed("two keys for one attachment");
    return Plain{{}, known.file};
  }

  // One xenc:EncryptedData that holds a container (6.4).
  base::Result<Found> encrypted(const Element& data, const Place& place) {
    if (++containers_ > options_.containers || place.depth >= options_.depth)
      return fail(ErrorCode::too_large, "too many or too deeply nested containers");
    const auto children = data.children();
    if (children.size() != 3 || !children[0].is(ns::xenc, "EncryptionMethod") ||
        !children[1].is(ns::ds, "KeyInfo") || !children[2].is(ns::xenc, "CipherData"))
      return malformed("EncryptedData has unexpected children");
    const auto value = single(children[2], ns::xenc, "CipherValue");
    if (!value) return malformed("EncryptedData without CipherValue");

    std::optional<Element> own_key;
    const crypto::KeyPair* own = nullptr;
    for (const auto& encrypted_key : children[1].children()) {
      const auto parts = encrypted_key.children();
      if (!encrypted_key.is(ns::xenc, "EncryptedKey") || parts.size() != 3 ||
          !parts[0].is(ns::xenc, "EncryptionMethod") || !parts[1].is(ns::ds, "KeyInfo") ||
          !parts[2].is(ns::xenc, "CipherData"))
        return malformed("EncryptedKey has unexpected children");
      const auto method = single(parts[1], ns::ds, "RetrievalMethod");
      const auto* reader =
          method ? certificate(method->attribute("URI"), "CipherCertificate") : nullptr;
      if (!reader) return malformed("EncryptedKey does not name a reader's certificate");
      for (const auto& pair : keys_) {
        if (own || !(pair.certificate == reader->certificate)) continue;
        own = &pair;
        own_key = encrypted_key;
      }
    }
    if (!own) {
      ++foreign_;
      return Found{};
    }
    const auto parts = own_key->children();
    const auto wrapped_value = single(parts[2], ns::xenc, "CipherValue");
    const auto wrapped = wrapped_value ? decoded_text(*wrapped_value) : std::nullopt;
    const auto bytes = decoded_text(*value);
    if (!wrapped || !bytes) return malformed("CipherValue is not base64");
    const auto method = parse_data_method(children[0], options_.allow_cbc, options_.allow_cbc);
    if (!method) return method.error();
    const auto transport = parse_key_method(parts[0], options_.allow_rsa15);
    if (!transport) return transport.error();

    const auto key = crypto::unwrap_key(own->key, *transport, *wrapped,
                                        crypto::cipher_key_size(method->cipher), random_);
    const auto plain = crypto::decrypt(method->cipher, key.key, method->iv_length, *bytes);
    if (!key.genuine || !plain) return undecryptable();

    Place inside;
    inside.depth = place.depth + 1;
    inside.encrypted = true;
    auto found = decrypted(*plain, inside);
    // CBC has no integrity: unless a signature vouches for what came out, every failure looks like
    // any other.
    if (!crypto::cipher_is_gcm(method->cipher)) {
      bool vouched = static_cast<bool>(found);
      if (found)
        for (const auto& item : found->items)
          vouched = vouched && item.signature == SignatureState::valid;
      if (!vouched) return undecryptable();
    }
    return found;
  }

  base::Result<Found> decrypted(std::string_view plain, const Place& place) {
    const auto document = xml::Document::parse(plain, options_.xml);
    if (!document) return document.error();
    return container(document->root(), place);
  }

  // One osci:ContentContainer (6.2): structure first, then its signatures over exactly what was
  // found.
  base::Result<Found> container(const Element& element, const Place& outer) {
    if (!element.is(ns::osci, "ContentContainer") || !element.element_only())
      return malformed("no ContentContainer");
    if (!outer.encrypted && ++containers_ > options_.containers)
      return fail(ErrorCode::too_large, "too many containers");
    if (outer.depth > options_.depth)
      return fail(ErrorCode::too_large, "containers nested too deep");
    ++opened_;

    const auto children = element.children();
    Place place = outer;
    std::vector<Element> signatures;
    for (const auto& child : children) {
      if (child.is(ns::ds, "Signature")) signatures.push_back(child);
      if (child.is(ns::xenc, "EncryptedData") && is_attachment_key(child))
        if (const auto ok = add_attachment_key(child, place.keys); !ok) return ok.error();
    }
    if (signatures.size() > options_.signatures)
      return fail(ErrorCode::too_large, "too many signatures");

    const std::string id = element.attribute("Id").value_or("");
    Found out;
    Targets targets;
    int stage = 0; // Signature*, Content*, EncryptedData*
    for (const auto& child : children) {
      const int kind = child.is(ns::ds, "Signature")         ? 0
                       : child.is(ns::osci, "Content")       ? 1
                       : child.is(ns::xenc, "EncryptedData") ? 2
                                                             : -1;
      if (kind < stage) return malformed("unexpected child of ContentContainer");
      stage = kind;
      if (kind == 1) {
        if (const auto ok = content(child, place, id, !signatures.empty(), out, targets); !ok)
          return ok.error();
      } else if (kind == 2 && !is_attachment_key(child)) {
        if (const auto ok = nested_encrypted(child, place, !signatures.empty(), out, targets); !ok)
          return ok.error();
      }
    }

    std::vector<crypto::Certificate> signers;
    for (const auto& signature : signatures) {
      auto signer = verify(signature, targets);
      if (!signer) return signer.error();
      signers.push_back(std::move(*signer));
    }
    for (auto& item : out.items) {
      if (!signers.empty()) item.signature = SignatureState::valid;
      item.signers.insert(item.signers.end(), signers.begin(), signers.end());
    }
    return out;
  }

  base::Result<> content(const Element& element, const Place& place,
                         const std::string& container_id, bool is_signed, Found& out,
                         Targets& targets) {
    if (!only_attributes(element, {"Id", "href"}))
      return malformed("unexpected attribute of Content");
    const auto id = element.attribute("Id");
    const auto href = element.attribute("href");
    const auto target = [&](const std::optional<std::string>& name, Target::Kind kind,
                            std::string bytes) -> base::Result<> {
      if (!is_signed) return {};
      if (!name) return malformed("signed content without Id");
      targets["#" + *name] = Target{kind, std::move(bytes), {}, false, false};
      return {};
    };

    if (href) {
      if (!href->starts_with("cid:") || !is_empty(element))
        return malformed("Content with href is not an attachment reference");
      if (const auto ok = target(id, Target::Kind::canonical, is_signed ? element.canonical() : "");
          !ok)
        return ok;
      const std::string name = href->substr(4);
      const auto plain = attachment(name, place);
      if (!plain) return plain.error();
      if (is_signed)
        targets["cid:" + name] = Target{Target::Kind::attachment, {}, *plain, false, false};
      out.attachments[name] = *plain;
      ContentItem item;
      item.kind = ContentItem::Kind::attachment;
      item.name = name;
      item.content_type = attachments_.find(name)->second->content_type;
      item.bytes = std::string(plain->bytes);
      item.file = plain->file;
      item.container = container_id;
      item.encrypted = place.encrypted;
      out.items.push_back(std::move(item));
      return {};
    }

    const auto children = element.children();
    if (children.size() != 1 || !element.element_only())
      return malformed("Content is not exactly one Base64Content, href or container");
    if (children[0].is(ns::osci, "Base64Content")) {
      auto bytes = decoded_text(children[0]);
      if (!bytes) return malformed("Base64Content is not base64");
      const auto name = children[0].attribute("Id");
      if (const auto ok = target(name, Target::Kind::base64, is_signed ? *bytes : ""); !ok)
        return ok;
      ContentItem item;
      item.name = name.value_or("");
      item.bytes = std::move(*bytes);
      item.container = container_id;
      item.encrypted = place.encrypted;
      out.items.push_back(std::move(item));
      return {};
    }
    if (!children[0].is(ns::osci, "ContentContainer"))
      return malformed("Content holds something that OSCI libraries do not write");
    if (const auto ok = target(id, Target::Kind::canonical, is_signed ? element.canonical() : "");
        !ok)
      return ok;
    Place inner = place;
    ++inner.depth;
    // Counts here, because container() counts only those that no EncryptedData was counted for.
    if (place.encrypted && ++containers_ > options_.containers)
      return fail(ErrorCode::too_large, "too many containers");
    auto found = container(children[0], inner);
    if (!found) return found.error();
    take(std::move(*found), is_signed, false, out, targets);
    return {};
  }

  base::Result<> nested_encrypted(const Element& data, const Place& place, bool is_signed,
                                  Found& out, Targets& targets) {
    if (is_signed) {
      const auto id = data.attribute("Id");
      if (!id) return malformed("signed EncryptedData without Id");
      targets["#" + *id] =
          Target{Target::Kind::encrypted_data, data.canonical(), {}, false, usual_prefixes(data)};
    }
    auto found = encrypted(data, place);
    if (!found) return found.error();
    take(std::move(*found), is_signed, true, out, targets);
    return {};
  }

  // A signature covers the attachments used anywhere below it (6.3); those inside a nested
  // encrypted container may be left to the signature in there.
  static void take(Found found, bool is_signed, bool optional, Found& out, Targets& targets) {
    for (auto& item : found.items) out.items.push_back(std::move(item));
    for (const auto& [name, plain] : found.attachments) {
      if (is_signed)
        targets.try_emplace("cid:" + name,
                            Target{Target::Kind::attachment, {}, plain, optional, false});
      out.attachments[name] = plain;
    }
  }

  // `targets` holds the content while it runs, and the signature's own properties if there are any.
  base::Result<crypto::Certificate> verify(const Element& signature, Targets& targets) const {
    const auto children = signature.children();
    if (children.size() < 3 || children.size() > 4 || !children[0].is(ns::ds, "SignedInfo") ||
        !children[1].is(ns::ds, "SignatureValue") || !children[2].is(ns::ds, "KeyInfo"))
      return wrong("Signature has unexpected children");
    std::string properties_uri;
    if (children.size() == 4) {
      const auto properties = children[3].is(ns::ds, "Object")
                                  ? single(children[3], ns::xades, "QualifyingProperties")
                                  : std::nullopt;
      const auto is_signed =
          properties ? single(*properties, ns::xades, "SignedProperties") : std::nullopt;
      const auto id = is_signed ? is_signed->attribute("Id") : std::nullopt;
      if (!id) return wrong("Object is not exactly one set of SignedProperties");
      properties_uri = "#" + *id;
      targets.emplace(properties_uri,
                      Target{Target::Kind::properties, is_signed->canonical(), {}, false, false});
    }
    const auto info = children[0].children();
    if (info.size() < 2 || !info[0].is(ns::ds, "CanonicalizationMethod") || !is_empty(info[0]) ||
        info[0].attribute("Algorithm") != std::string(ns::c14n) ||
        !info[1].is(ns::ds, "SignatureMethod") || !is_empty(info[1]))
      return wrong("SignedInfo has unexpected children");
    const auto algorithm = crypto::signature_from_uri(info[1].attribute("Algorithm").value_or(""));
    if (!algorithm) return wrong("signature algorithm not allowed");
    const auto method = single(children[2], ns::ds, "RetrievalMethod");
    if (!method || !only_attributes(*method, {"URI", "Type"}) || !is_empty(*method))
      return wrong("KeyInfo is not exactly one RetrievalMethod");
    const auto* author = certificate(method->attribute("URI"), "SignatureCertificate");
    if (!author || (author->role != "SignatureCertificateOriginator" &&
                    author->role != "SignatureCertificateOtherAuthor"))
      return wrong("RetrievalMethod does not name an author's certificate");

    const auto value = decoded_text(children[1]);
    if (!value) return wrong("SignatureValue is not base64");
    if (const auto ok =
            crypto::verify(author->certificate, *algorithm, children[0].canonical(), *value);
        !ok)
      return ok.error();
    std::set<std::string> seen;
    for (std::size_t i = 2; i < info.size(); ++i)
      if (const auto ok = check_reference(info[i], targets, seen); !ok) return ok.error();
    for (const auto& [uri, target] : targets)
      if (!target.optional && !seen.contains(uri))
        return fail(ErrorCode::signature_incomplete, "a part of the container is not signed");
    targets.erase(properties_uri);
    return author->certificate;
  }

  const std::vector<NamedCertificate>& certificates_;
  const std::vector<crypto::KeyPair>& keys_;
  const ContentOptions& options_;
  base::RandomSource& random_;
  std::map<std::string, const Attachment*> attachments_;
  std::set<std::string> claimed_;
  std::uint64_t octets_ = 0, repeated_ = 0; // of all attachments; of those used again
  std::deque<std::string> plain_;           // decrypted attachments; references stay valid
  struct PlainFile {
    std::string key;
    base::OctetRange file;
  };
  std::map<std::string, PlainFile> plain_files_;
  std::size_t containers_ = 0;
  std::size_t opened_ = 0;
  std::size_t foreign_ = 0;
};

} // namespace

base::Result<OpenedContent>
open_content(const xml::Element& package, const std::vector<NamedCertificate>& certificates,
             const std::vector<Attachment>& attachments, const std::vector<crypto::KeyPair>& keys,
             const ContentOptions& options, base::RandomSource& random) {
  return Opener(certificates, attachments, keys, options, random).open(package);
}

} // namespace seal
