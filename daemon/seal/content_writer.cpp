#include "base/encoding.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/key_transport.h"
#include "crypto/signature.h"
#include "seal/content.h"
#include "seal/names.h"
#include "seal/transport_encryption.h"
#include "xml/writer.h"
#include <algorithm>
#include <set>

namespace seal {

using base::ErrorCode;
using base::fail;

namespace {

std::string tag(std::string_view name, std::string_view attributes, std::string_view content) {
  std::string out;
  out.reserve(2 * name.size() + attributes.size() + content.size() + 5);
  out += '<';
  out += name;
  out += attributes;
  out += '>';
  out += content;
  out += "</";
  out += name;
  out += '>';
  return out;
}

std::string algorithm_attribute(std::string_view uri) {
  return " Algorithm=\"" + std::string(uri) + "\"";
}

bool valid_content_id(std::string_view id) {
  if (id.empty() || id.size() > 200) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '&';
  });
}

std::string content_id_of(std::size_t index) {
  return "content" + std::to_string(index);
}

// Attribute of an attachment reference in canonical order, as it stands in the container.
std::string attachment_attributes(std::size_t index, const std::string& content_id) {
  return " Id=\"" + content_id_of(index) + "\" href=\"cid:" + xml::escape_attribute(content_id) +
         "\"";
}

base::Result<std::string> write_content_signature(const ContentDraft& draft, const SignWith& sign) {
  const std::string declarations = Context::standard().declarations();
  const std::string method =
      tag("ds:DigestMethod", algorithm_attribute(crypto::digest_uri(sign.digest)), "");
  std::string info =
      tag("ds:CanonicalizationMethod", algorithm_attribute(ns::c14n), "") +
      tag("ds:SignatureMethod", algorithm_attribute(crypto::signature_uri(sign.algorithm)), "");
  const auto reference = [&](const std::string& uri, std::string_view transform,
                             std::string_view digest) {
    std::string inside;
    if (!transform.empty())
      inside = tag("ds:Transforms", "", tag("ds:Transform", algorithm_attribute(transform), ""));
    inside += method + tag("ds:DigestValue", "", base::base64_encode_line(digest));
    info += tag("ds:Reference", " URI=\"" + xml::escape_attribute(uri) + "\"", inside);
  };
  const auto digest = [&sign](std::string_view bytes) {
    return crypto::digest(sign.digest, bytes);
  };
  std::size_t index = 0;
  for (const auto& data : draft.data)
    reference("#" + content_id_of(index++), ns::base64, digest(data));
  const auto attachment = [&](const std::string& content_id, const std::string& plain_digest) {
    // The container carries or inherits exactly the standard context, so this is the apex form
    // (4.4).
    reference(
        "#" + content_id_of(index), ns::c14n,
        digest(tag("osci:Content", declarations + attachment_attributes(index, content_id), "")));
    ++index;
    reference("cid:" + content_id, {}, plain_digest);
  };
  for (const auto& one : draft.attachments) attachment(one.content_id, digest(one.bytes));
  for (const auto& one : draft.measured) {
    base::check(one.digest.size() == crypto::digest_size(sign.digest), "digest of an attachment");
    attachment(one.content_id, one.digest);
  }
  const auto value =
      crypto::sign(sign.key.key, sign.algorithm, tag("ds:SignedInfo", declarations, info));
  if (!value) return value.error();
  return tag("ds:Signature", "",
             tag("ds:SignedInfo", "", info) +
                 tag("ds:SignatureValue", "", base::base64_encode(*value)) +
                 tag("ds:KeyInfo", "",
                     tag("ds:RetrievalMethod",
                         " URI=\"#" + xml::escape_attribute(sign.certificate_id) + "\"", "")));
}

} // namespace

base::Result<SealedContent> seal_content(const ContentDraft& draft,
                                         const std::optional<SignWith>& sign,
                                         const std::optional<EncryptContent>& encrypt,
                                         base::RandomSource& random) {
  if (draft.data.empty() && draft.attachments.empty() && draft.measured.empty())
    return fail(ErrorCode::invalid_request, "nothing to send");
  base::check(encrypt || draft.measured.empty(), "measured attachments travel encrypted");
  std::set<std::string> names;
  bool usable = true;
  const auto name = [&](const std::string& content_id) {
    usable = usable && valid_content_id(content_id) && names.insert(content_id).second;
  };
  for (const auto& one : draft.attachments) name(one.content_id);
  for (const auto& one : draft.measured) name(one.content_id);
  if (!usable)
    return fail(ErrorCode::invalid_request, "attachment name is not usable or used twice");

  SealedContent out;
  std::string inside;
  if (sign) {
    auto signature = write_content_signature(draft, *sign);
    if (!signature) return signature.error();
    inside = std::move(*signature);
  }
  std::size_t index = 0;
  for (const auto& data : draft.data) {
    inside += tag("osci:Content", "",
                  tag("osci:Base64Content", " Id=\"" + content_id_of(index) + "\"",
                      base::base64_encode(data)));
    ++index;
  }
  for (const auto& one : draft.attachments)
    inside += tag("osci:Content", attachment_attributes(index++, one.content_id), "");
  for (const auto& one : draft.measured)
    inside += tag("osci:Content", attachment_attributes(index++, one.content_id), "");
  constexpr std::string_view container = "osci:ContentContainer";
  constexpr std::string_view container_id = " Id=\"contentcontainer0\"";
  if (!encrypt) {
    out.attachments = draft.attachments;
    out.body = tag("osci:ContentPackage", "", tag(container, container_id, inside));
    return out;
  }

  base::check(!encrypt->readers.empty(), "encrypted content needs a reader");
  const std::size_t key_size = crypto::cipher_key_size(encrypt->cipher);
  const std::size_t iv_length = iv_size(encrypt->cipher, encrypt->iv_length);
  const std::string method = write_data_method(encrypt->cipher, encrypt->iv_length);
  const auto attachment_key = [&](const std::string& content_id, const std::string& key) {
    // The Transform is a formality: MIME headers tell the real coding (5.1, 6.5).
    inside +=
        tag("xenc:EncryptedData",
            " Id=\"Attachment" + xml::escape_attribute(content_id) + "\" MimeType=\"text/xml\"",
            method + tag("ds:KeyInfo", "", tag("ds:MgmtData", "", base::base64_encode_line(key))) +
                tag("xenc:CipherData", "",
                    tag("xenc:CipherReference",
                        " URI=\"cid:" + xml::escape_attribute(content_id) + "\"",
                        tag("xenc:Transforms", "",
                            tag("ds:Transform", algorithm_attribute(ns::base64), "")))));
  };
  for (const auto& one : draft.attachments) {
    const std::string key = random.bytes(key_size);
    Attachment sealed = one;
    sealed.bytes = crypto::encrypt(encrypt->cipher, key, random.bytes(iv_length), one.bytes);
    out.attachments.push_back(std::move(sealed));
    attachment_key(one.content_id, key);
  }
  for (const auto& one : draft.measured) {
    base::check(one.key.size() == key_size, "key of an attachment");
    attachment_key(one.content_id, one.key);
  }
  const std::string plain =
      tag(container, Context::standard().declarations() + std::string(container_id), inside);

  const std::string key = random.bytes(key_size);
  std::string keys;
  for (const auto& reader : encrypt->readers) {
    const auto wrapped = crypto::wrap_key(reader.certificate, encrypt->key_transport, key);
    if (!wrapped) return wrapped.error();
    keys += tag(
        "xenc:EncryptedKey", "",
        write_key_method(encrypt->key_transport) +
            tag("ds:KeyInfo", "",
                tag("ds:RetrievalMethod",
                    " Type=\"" + std::string(ns::ds) + "X509Data\" URI=\"#" +
                        xml::escape_attribute(reader.id) + "\"",
                    "")) +
            tag("xenc:CipherData", "", tag("xenc:CipherValue", "", base::base64_encode(*wrapped))));
  }
  out.body = tag("osci:ContentPackage", "",
                 tag("xenc:EncryptedData", " Id=\"encdata_0\" MimeType=\"text/xml\"",
                     method + tag("ds:KeyInfo", "", keys) +
                         tag("xenc:CipherData", "",
                             tag("xenc:CipherValue", "",
                                 base::base64_encode(crypto::encrypt(
                                     encrypt->cipher, key, random.bytes(iv_length), plain))))));
  return out;
}

} // namespace seal
