#include "osci/legacy.h"
#include "directory/directory.h"
#include <algorithm>
#include <array>

namespace osci {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"cbc", "3des", "rsa15"};

bool lets_in(const LegacyException& one, LegacyAlgorithm algorithm, base::Instant now) {
  return now < one.until &&
         std::find(one.algorithms.begin(), one.algorithms.end(), algorithm) != one.algorithms.end();
}

bool names_originator(const LegacyException& one, const std::vector<std::string>& names) {
  return one.originators.empty() ||
         std::find_first_of(names.begin(), names.end(), one.originators.begin(),
                            one.originators.end()) != names.end();
}

} // namespace

std::string_view legacy_name(LegacyAlgorithm algorithm) {
  return kNames[static_cast<std::size_t>(algorithm)];
}

std::optional<LegacyAlgorithm> legacy_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<LegacyAlgorithm>(i);
  return std::nullopt;
}

base::Result<std::string> originator_name(std::string_view text) {
  std::string hex;
  for (const char c : text) {
    if (c == ':') continue;
    hex += c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  }
  if (hex.size() == 64 && hex.find_first_not_of("0123456789abcdef") == std::string::npos)
    return hex;
  return directory::normalise_key(text);
}

std::vector<LegacyAlgorithm> legacy_algorithms(const seal::Transport& transport) {
  std::vector<LegacyAlgorithm> out;
  if (!transport.encrypted) return out;
  if (transport.cipher == crypto::Cipher::tripledes_cbc)
    out.push_back(LegacyAlgorithm::tripledes);
  else if (!crypto::cipher_is_gcm(transport.cipher))
    out.push_back(LegacyAlgorithm::cbc);
  if (!transport.key_transport.oaep) out.push_back(LegacyAlgorithm::rsa15);
  return out;
}

seal::OpenOptions legacy_options(seal::OpenOptions options,
                                 const std::vector<LegacyException>& exceptions,
                                 base::Instant now) {
  const auto any = [&](LegacyAlgorithm algorithm) {
    return std::any_of(exceptions.begin(), exceptions.end(),
                       [&](const auto& one) { return lets_in(one, algorithm, now); });
  };
  options.allow_cbc = any(LegacyAlgorithm::cbc);
  options.allow_3des = any(LegacyAlgorithm::tripledes);
  options.allow_rsa15 = any(LegacyAlgorithm::rsa15);
  return options;
}

base::Result<std::vector<LegacyUse>> legacy_uses(const std::vector<LegacyException>& exceptions,
                                                 const std::vector<LegacyAlgorithm>& algorithms,
                                                 const std::vector<std::string>& names,
                                                 base::Instant now) {
  std::vector<LegacyUse> out;
  for (const auto algorithm : algorithms) {
    const auto found =
        std::find_if(exceptions.begin(), exceptions.end(), [&](const LegacyException& one) {
          return lets_in(one, algorithm, now) && names_originator(one, names);
        });
    if (found == exceptions.end())
      return base::fail(base::ErrorCode::undecryptable, "no exception lets this originator use " +
                                                            std::string(legacy_name(algorithm)));
    out.push_back({algorithm, static_cast<std::size_t>(found - exceptions.begin())});
  }
  return out;
}

AnswerEncryption answer_encryption(const seal::Transport& request, const Features& client) {
  AnswerEncryption out;
  if (!request.encrypted) return out;
  if (!crypto::cipher_is_gcm(request.cipher) && !client.keys.contains("GCMPaddingModus"))
    out.cipher = request.cipher;
  if (!request.key_transport.oaep && !client.keys.contains("OAEPEncryption"))
    out.key_transport = request.key_transport;
  return out;
}

} // namespace osci
