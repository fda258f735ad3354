// The directory file's text. A `file` entry that names one of four test certificates gets it; any
// other entry gets its own text as the file's content, so that the certificate checks see hostile
// bytes too.
#include "base/encoding.h"
#include "base/log.h"
#include "lookup/file_directory.h"
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace {

void demand(bool condition) {
  if (!condition) std::abort();
}

std::map<std::string, std::string> load_certificates() {
  base::set_log_sink([](const base::LogRecord&) {});
  std::map<std::string, std::string> loaded;
  for (const std::string name :
       {"sender_cipher", "sender_sign", "recipient_cipher", "recipient_sign"}) {
    std::ifstream in(DC_SOURCE_DIR "/tests/captures/keys/" + name + ".cert.pem");
    loaded[name] = {std::istreambuf_iterator<char>(in), {}};
    demand(!loaded[name].empty());
  }
  return loaded;
}

void check_error(const base::Error& error) {
  demand(error.code == base::ErrorCode::invalid_config);
  demand(error.detail.starts_with("fuzz:"));
  demand(error.detail.size() < 2000);
  for (const char c : error.detail) demand(static_cast<unsigned char>(c) >= 0x20);
}

void check_directory(const directory::Directory& built) {
  std::set<std::string> mailboxes;
  for (const auto& organisation : built.organisations()) {
    demand(built.find(organisation.key) == &organisation);
    if (!organisation.mailbox.empty()) {
      demand(directory::valid_mailbox(organisation.mailbox));
      demand(mailboxes.insert(organisation.mailbox).second);
    }
    std::set<std::string> endpoints;
    for (const auto& endpoint : organisation.endpoints) {
      demand(directory::valid_endpoint(endpoint.uri));
      demand(endpoints.insert(endpoint.uri).second);
      demand(organisation.endpoint(endpoint.uri) == &endpoint);
      demand(endpoint.ca.empty() || endpoint.uri.starts_with("https://"));
    }
    for (const auto& entry : organisation.certificates) {
      const auto& fingerprint = entry.certificate.fingerprint();
      demand(built.owner_of(fingerprint) == &organisation);
      demand(built.listed(fingerprint, entry.use) == &entry);
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto certificates = load_certificates();
  const std::string text(data, data + size);
  const auto read = [](const std::string& file) -> base::Result<std::string> {
    const auto found = certificates.find(file);
    return found == certificates.end() ? file : found->second;
  };
  const auto parsed = lookup::parse_directory(text, "fuzz", read);
  if (parsed)
    check_directory(**parsed);
  else
    check_error(parsed.error());
  return 0;
}
