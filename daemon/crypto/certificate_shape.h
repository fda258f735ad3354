// Private to crypto/: a certificate taken apart as X509 does it, but without its public key.
// OpenSSL 3.0 decodes the key of every certificate that it reads, which costs some twenty times as
// much as all the rest; a directory of 20,000 organisations is read before one of the keys is
// needed.
#pragma once
#include "crypto/openssl.h"
#include <memory>
#include <string_view>

namespace crypto {

struct TbsShape;
struct CertificateShape {
  TbsShape* tbs;
  X509_ALGOR* algorithm;
  ASN1_BIT_STRING* signature;

  const ASN1_INTEGER* serial() const;
  const ASN1_TIME* not_before() const;
  const ASN1_TIME* not_after() const;
  const STACK_OF(X509_EXTENSION) * extensions() const; // null: none
};

struct FreeShape {
  void operator()(CertificateShape* shape) const noexcept;
};
using ShapeObject = std::unique_ptr<CertificateShape, FreeShape>;

// What d2i_X509 accepts, and nothing else, if all of `der` is used and written again octet for
// octet. Null otherwise.
ShapeObject shape_of(std::string_view der);

} // namespace crypto
