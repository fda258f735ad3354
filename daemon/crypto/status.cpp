#include "crypto/status.h"
#include "base/encoding.h"
#include "crypto/openssl.h"
#include <algorithm>

namespace crypto {
namespace {

constexpr std::size_t kMaxUrls = 4;
constexpr std::size_t kMaxUrl = 1024;

using AccessDescriptions = openssl::Owned<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>;
using DistributionPoints = openssl::Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;

void add_url(const GENERAL_NAME* name, std::vector<std::string>& out) {
  int type = -1;
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
  if (type != GEN_URI || out.size() == kMaxUrls) return;
  const std::string url(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                        static_cast<std::size_t>(ASN1_STRING_length(value)));
  const auto scheme = base::to_lower_ascii(std::string_view(url).substr(0, 8));
  if (url.size() > kMaxUrl || !(scheme.starts_with("http://") || scheme == "https://")) return;
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; })) return;
  if (std::find(out.begin(), out.end(), url) == out.end()) out.push_back(url);
}

} // namespace

std::vector<std::string> ocsp_urls(const Certificate& certificate) {
  const openssl::ErrorScope scope;
  std::vector<std::string> out;
  const AccessDescriptions list(static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(certificate.handle(), NID_info_access, nullptr, nullptr)));
  if (!list) return out;
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list.get()); ++i) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(list.get(), i);
    if (OBJ_obj2nid(one->method) == NID_ad_OCSP) add_url(one->location, out);
  }
  return out;
}

std::vector<std::string> crl_urls(const Certificate& certificate) {
  const openssl::ErrorScope scope;
  std::vector<std::string> out;
  const DistributionPoints points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate.handle(), NID_crl_distribution_points, nullptr, nullptr)));
  if (!points) return out;
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    // Lists for some reasons only, or by somebody else, do not settle whether it is revoked.
    if (point->reasons || point->CRLissuer || !point->distpoint || point->distpoint->type != 0)
      continue;
    const GENERAL_NAMES* names = point->distpoint->name.fullname;
    for (int n = 0; n < sk_GENERAL_NAME_num(names); ++n)
      add_url(sk_GENERAL_NAME_value(names, n), out);
  }
  return out;
}

} // namespace crypto
