#include "seal/transport_signature.h"
#include "base/encoding.h"
#include "base/seeded_fault.h"
#include "crypto/digest.h"
#include "crypto/signature.h"
#include "seal/names.h"
#include "xml/writer.h"
#include <map>
#include <set>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

base::Error wrong(const char* rule) {
  return fail(ErrorCode::signature_wrong, rule);
}

// Exactly these attributes without namespace; anything else could change what a verifier reads.
bool only_attributes(const xml::Element& element, std::initializer_list<std::string_view> allowed) {
  for (const auto& name : element.attribute_names()) {
    bool found = false;
    for (const auto& one : allowed) found = found || one == name;
    if (!found) return false;
  }
  return true;
}

struct Target {
  std::string_view bytes;
  const Attachment* attachment = nullptr; // then instead of bytes
};

base::Result<std::string> digest_of(crypto::DigestAlgorithm algorithm, const Attachment& part) {
  if (!part.range) return crypto::digest(algorithm, part.bytes);
  crypto::Hasher hasher(algorithm);
  const auto hash = [&hasher](std::string_view piece) -> base::Result<> {
    hasher.update(piece);
    return {};
  };
  if (const auto done = base::for_each_piece(part.range, hash); !done) return done.error();
  return hasher.finish();
}

base::Result<> check_reference(const xml::Element& reference,
                               const std::map<std::string, Target>& targets,
                               std::set<std::string>& seen) {
  if (!reference.is(ns::ds, "Reference") || !only_attributes(reference, {"URI"}))
    return wrong("unexpected element or attribute in SignedInfo");
  const auto uri = reference.attribute("URI");
  if (!uri) return wrong("reference without URI");
  const auto target = targets.find(*uri);
  if (target == targets.end()) return wrong("reference to something that is not there");
  if (!seen.insert(*uri).second) return wrong("reference repeated");

  const auto children = reference.children();
  const bool transformed = target->second.attachment == nullptr;
  if (children.size() != (transformed ? 3u : 2u)) return wrong("reference has unexpected children");
  std::size_t at = 0;
  if (transformed) {
    const auto transforms = children[at].children();
    if (!children[at].is(ns::ds, "Transforms") || transforms.size() != 1 ||
        !transforms[0].is(ns::ds, "Transform") ||
        transforms[0].attribute("Algorithm") != std::string(ns::c14n) ||
        !transforms[0].children().empty())
      return wrong("transform is not exactly one C14N 1.0");
    ++at;
  }
  if (!children[at].is(ns::ds, "DigestMethod") || !children[at].children().empty() ||
      !children[at + 1].is(ns::ds, "DigestValue"))
    return wrong("reference has unexpected children");
  const auto algorithm = crypto::digest_from_uri(children[at].attribute("Algorithm").value_or(""));
  if (!algorithm) return wrong("digest algorithm not allowed");
  const auto value = base::base64_decode(children[at + 1].text().value_or("!"));
  const auto digest =
      transformed ? base::Result<std::string>(crypto::digest(*algorithm, target->second.bytes))
                  : digest_of(*algorithm, *target->second.attachment);
  if (!digest) return digest.error();
  if (!value || (*digest != *value && !base::seeded_fault("digest-not-checked")))
    return wrong("digest does not match");
  return {};
}

// The certificate element that RetrievalMethod names must stand in the block of the expected role:
// a key "somewhere in the message" proves nothing (4.2, 13.4).
base::Result<crypto::Certificate> signer_certificate(const xml::Element& key_info,
                                                     Direction direction, std::string_view type,
                                                     const std::vector<Block>& blocks) {
  const auto methods = key_info.children();
  if (methods.size() != 1 || !methods[0].is(ns::ds, "RetrievalMethod") ||
      !only_attributes(methods[0], {"URI", "Type"}) || !methods[0].children().empty())
    return wrong("KeyInfo is not exactly one RetrievalMethod");
  const auto uri = methods[0].attribute("URI");
  const bool intermediary = direction == Direction::answer || direction == Direction::push;
  const std::string_view holder =
      intermediary ? "IntermediaryCertificates" : "NonIntermediaryCertificates";
  const std::string_view role = intermediary ? "SignatureCertificateIntermediary"
                                : type == "ResponseToAcceptDelivery"
                                    ? "SignatureCertificateAddressee"
                                    : "SignatureCertificateOriginator";
  for (const auto& block : blocks) {
    if (!block.element.is(ns::osci, holder)) continue;
    for (const auto& entry : block.element.children()) {
      const auto id = entry.attribute("Id");
      if (!(entry.is(ns::osci, role) || base::seeded_fault("any-signer")) || !id ||
          uri != "#" + *id)
        continue;
      const auto data = entry.children();
      if (data.size() != 1 || !data[0].is(ns::ds, "X509Data")) return wrong("no X509Data");
      const auto x509 = data[0].children();
      if (x509.size() != 1 || !x509[0].is(ns::ds, "X509Certificate"))
        return wrong("not exactly one X509Certificate");
      const auto der = base::base64_decode(x509[0].text().value_or("!"));
      if (!der) return wrong("certificate is not base64");
      auto certificate = crypto::Certificate::from_der(*der);
      if (!certificate) return wrong("certificate cannot be read");
      return certificate;
    }
  }
  return wrong("RetrievalMethod does not name the signer's certificate");
}

} // namespace

base::Result<crypto::Certificate> verify_signature(const xml::Element& signature_block,
                                                   Direction direction, std::string_view type,
                                                   const std::vector<Block>& blocks,
                                                   const Block& body,
                                                   const std::vector<Attachment>& attachments) {
  const auto outer = signature_block.children();
  if (outer.size() != 1 || !outer[0].is(ns::ds, "Signature") || !signature_block.element_only())
    return wrong("signature block without exactly one Signature");
  const auto signature = outer[0].children();
  if (signature.size() != 3 || !signature[0].is(ns::ds, "SignedInfo") ||
      !signature[1].is(ns::ds, "SignatureValue") || !signature[2].is(ns::ds, "KeyInfo"))
    return wrong("Signature has unexpected children");
  const auto info = signature[0].children();
  if (info.size() < 2 || !info[0].is(ns::ds, "CanonicalizationMethod") ||
      info[0].attribute("Algorithm") != std::string(ns::c14n) || !info[0].children().empty() ||
      !info[1].is(ns::ds, "SignatureMethod") || !info[1].children().empty())
    return wrong("SignedInfo has unexpected children");
  const auto algorithm = crypto::signature_from_uri(info[1].attribute("Algorithm").value_or(""));
  if (!algorithm) return wrong("signature algorithm not allowed");

  const auto certificate = signer_certificate(signature[2], direction, type, blocks);
  if (!certificate) return certificate.error();
  // The signature over SignedInfo comes first: unsigned references are not worth hashing megabytes
  // for.
  const auto value = base::base64_decode(signature[1].text().value_or("!"));
  if (!value) return wrong("SignatureValue is not base64");
  if (const auto ok = crypto::verify(*certificate, *algorithm, signature[0].canonical(), *value);
      !ok)
    return ok.error();

  std::map<std::string, Target> targets;
  for (const auto& block : blocks) targets["#" + block.id] = {block.canonical};
  targets["#" + body.id] = {body.canonical};
  for (const auto& part : attachments) targets["cid:" + part.content_id] = {{}, &part};

  std::set<std::string> seen;
  for (std::size_t i = 2; i < info.size(); ++i)
    if (const auto ok = check_reference(info[i], targets, seen); !ok) return ok.error();
  if (seen.size() != targets.size() && !base::seeded_fault("unreferenced-header"))
    return fail(ErrorCode::signature_incomplete, "a block or attachment is not signed");
  return *certificate;
}

base::Result<std::string> write_signature(const Draft& draft, std::string_view body_canonical,
                                          const SignWith& sign) {
  const Context& c = draft.context;
  const auto element = [](const std::string& name, const std::string& attributes,
                          const std::string& content) {
    return "<" + name + attributes + ">" + content + "</" + name + ">";
  };
  const auto algorithm = [](std::string_view uri) {
    return " Algorithm=\"" + std::string(uri) + "\"";
  };
  const std::string transforms =
      element(c.ds("Transforms"), "", element(c.ds("Transform"), algorithm(ns::c14n), ""));
  const std::string method =
      element(c.ds("DigestMethod"), algorithm(crypto::digest_uri(sign.digest)), "");
  std::string info =
      element(c.ds("CanonicalizationMethod"), algorithm(ns::c14n), "") +
      element(c.ds("SignatureMethod"), algorithm(crypto::signature_uri(sign.algorithm)), "");
  const auto reference = [&](const std::string& uri, const std::string& digest, bool attachment) {
    info += element(c.ds("Reference"), " URI=\"" + xml::escape_attribute(uri) + "\"",
                    (attachment ? std::string{} : transforms) + method +
                        element(c.ds("DigestValue"), "", base::base64_encode_line(digest)));
  };
  for (const auto& block : draft.blocks)
    reference("#" + block.id, crypto::digest(sign.digest, block.canonical), false);
  reference("#body", crypto::digest(sign.digest, body_canonical), false);
  for (const auto& part : draft.attachments) {
    const auto digest = digest_of(sign.digest, part);
    if (!digest) return digest.error();
    reference("cid:" + part.content_id, *digest, true);
  }

  // On the wire the tag is bare; what is signed has the envelope's context on it (4.6).
  const std::string name = c.ds("SignedInfo");
  const auto value = crypto::sign(sign.key.key, sign.algorithm,
                                  "<" + name + c.declarations() + ">" + info + "</" + name + ">");
  if (!value) return value.error();
  const bool request = is_request(draft.direction);
  return element(
      c.osci(request ? "ClientSignature" : "SupplierSignature"),
      std::string(" Id=\"") + (request ? "clientsignature" : "suppliersignature") + "\" " +
          c.soap("actor") + "=\"" + std::string(ns::actor_next) + "\" " + c.soap("mustUnderstand") +
          "=\"1\"",
      element(c.ds("Signature"), "",
              element(name, "", info) +
                  element(c.ds("SignatureValue"), "", base::base64_encode(*value)) +
                  element(c.ds("KeyInfo"), "",
                          element(c.ds("RetrievalMethod"),
                                  " URI=\"#" + xml::escape_attribute(sign.certificate_id) + "\"",
                                  ""))));
}

} // namespace seal
