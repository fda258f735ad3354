#include "crypto/certificate_shape.h"
#include <openssl/asn1t.h>

namespace crypto {

struct KeyShape {
  X509_ALGOR* algorithm;
  ASN1_BIT_STRING* key;
};

struct TbsShape {
  ASN1_ENCODING enc; // as read: X509 keeps it too, so that the signed octets stay what they are
  ASN1_INTEGER* version;
  ASN1_INTEGER* serial;
  X509_ALGOR* signature;
  X509_NAME* issuer;
  X509_VAL* validity;
  X509_NAME* subject;
  KeyShape* key;
  ASN1_BIT_STRING* issuer_id;
  ASN1_BIT_STRING* subject_id;
  STACK_OF(X509_EXTENSION) * extensions;
};

// RFC 5280 section 4.1, in the order and with the tags of OpenSSL's X509_CINF.
// clang-format off
ASN1_SEQUENCE(KeyShape) = {
  ASN1_SIMPLE(KeyShape, algorithm, X509_ALGOR),
  ASN1_SIMPLE(KeyShape, key, ASN1_BIT_STRING)
} static_ASN1_SEQUENCE_END(KeyShape)

ASN1_SEQUENCE_enc(TbsShape, enc, 0) = {
  ASN1_EXP_OPT(TbsShape, version, ASN1_INTEGER, 0),
  ASN1_SIMPLE(TbsShape, serial, ASN1_INTEGER),
  ASN1_SIMPLE(TbsShape, signature, X509_ALGOR),
  ASN1_SIMPLE(TbsShape, issuer, X509_NAME),
  ASN1_SIMPLE(TbsShape, validity, X509_VAL),
  ASN1_SIMPLE(TbsShape, subject, X509_NAME),
  ASN1_SIMPLE(TbsShape, key, KeyShape),
  ASN1_IMP_OPT(TbsShape, issuer_id, ASN1_BIT_STRING, 1),
  ASN1_IMP_OPT(TbsShape, subject_id, ASN1_BIT_STRING, 2),
  ASN1_EXP_SEQUENCE_OF_OPT(TbsShape, extensions, X509_EXTENSION, 3)
} ASN1_SEQUENCE_END_enc(TbsShape, TbsShape)

ASN1_SEQUENCE(CertificateShape) = {
  ASN1_SIMPLE(CertificateShape, tbs, TbsShape),
  ASN1_SIMPLE(CertificateShape, algorithm, X509_ALGOR),
  ASN1_SIMPLE(CertificateShape, signature, ASN1_BIT_STRING)
} static_ASN1_SEQUENCE_END(CertificateShape)
            // clang-format on

            const ASN1_INTEGER
            * CertificateShape::serial() const {
  return tbs->serial;
}
const ASN1_TIME* CertificateShape::not_before() const {
  return tbs->validity->notBefore;
}
const ASN1_TIME* CertificateShape::not_after() const {
  return tbs->validity->notAfter;
}
const STACK_OF(X509_EXTENSION) * CertificateShape::extensions() const {
  return tbs->extensions;
}

void FreeShape::operator()(CertificateShape* shape) const noexcept {
  ASN1_item_free(reinterpret_cast<ASN1_VALUE*>(shape), ASN1_ITEM_rptr(CertificateShape));
}

ShapeObject shape_of(std::string_view der) {
  const unsigned char* at = openssl::octets(der);
  ShapeObject shape(reinterpret_cast<CertificateShape*>(ASN1_item_d2i(
      nullptr, &at, static_cast<long>(der.size()), ASN1_ITEM_rptr(CertificateShape))));
  if (!shape || at != openssl::octets(der) + der.size()) return nullptr;
  // OpenSSL reads BER too. Certificates are compared octet by octet, so one certificate must have
  // one form only (5.2).
  auto* value = reinterpret_cast<const ASN1_VALUE*>(shape.get());
  std::string again(der.size(), '\0');
  unsigned char* to = openssl::octets(again);
  const auto size = static_cast<int>(der.size());
  if (ASN1_item_i2d(value, nullptr, ASN1_ITEM_rptr(CertificateShape)) != size ||
      ASN1_item_i2d(value, &to, ASN1_ITEM_rptr(CertificateShape)) != size || again != der)
    return nullptr;
  return shape;
}

} // namespace crypto
