#include "setup/load.h"
#include "base/encoding.h"
#include "lookup/agreements_file.h"
#include "lookup/file_directory.h"
#include "setup/settings.h"
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace setup {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<std::string> serve_token(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(4096, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  auto token = std::string(base::trim(text));
  if (token.empty())
    return fail(ErrorCode::file_error, "[directory] serve_token_file cannot be read or is empty");
  return token;
}

} // namespace

base::Result<Loaded> load(const ops::Config& config, const lookup::RemoteDirectory* remote,
                          base::Instant now, Reload what, const gateway::Settings* in_force) {
  std::shared_ptr<const directory::Directory> directory;
  if (remote) directory = remote->current();
  if (!directory) {
    auto read = lookup::load_directory_file(config.directory.file.string());
    if (!read) return read.error();
    directory = std::move(*read);
  }
  Loaded out;
  if (config.directory.serve) {
    std::string token;
    if (config.directory.serve_token_file) {
      auto read = serve_token(*config.directory.serve_token_file);
      if (!read) return read.error();
      token = std::move(*read);
    }
    out.page = std::make_shared<const lookup::DirectoryPage>(*directory, std::move(token));
  }
  std::shared_ptr<const directory::Agreements> agreements;
  if (what == Reload::directory && in_force) {
    agreements = in_force->agreements;
  } else if (!config.agreements.file.empty()) {
    auto read = lookup::load_agreements_file(config.agreements.file.string());
    if (!read) return read.error();
    agreements = std::move(*read);
  }
  auto settings = make_settings(config, std::move(directory), std::move(agreements), now);
  if (!settings) return settings.error();
  out.settings = std::move(*settings);
  return out;
}

std::unique_ptr<lookup::RemoteDirectory>
remote_directory(const ops::Config& config, const base::Clock& clock,
                 std::shared_ptr<const std::atomic<bool>> stopping) {
  const auto& c = config.directory;
  if (c.urls.empty()) return nullptr;
  lookup::RemoteRules rules;
  rules.urls = c.urls;
  rules.cache = c.cache.value_or(config.state.directory / "directory.ndjson");
  rules.refresh = c.refresh;
  rules.max_age = c.max_age;
  // At the first start the store has not made its folder yet; what it lacks is said when it is
  // used.
  if (std::error_code error; std::filesystem::create_directories(rules.cache.parent_path(), error))
    std::filesystem::permissions(rules.cache.parent_path(), std::filesystem::perms::owner_all,
                                 error);
  lookup::RemoteAccess access;
  access.token_file = c.token_file.value_or("");
  access.ca_file = c.ca.value_or("").string();
  access.client_certificate_file = c.client_certificate.value_or("").string();
  access.client_key_file = c.client_key.value_or(access.client_certificate_file).string();
  access.total = std::chrono::seconds{60};
  auto transport = [ask = lookup::http_directory_transport(std::move(access)),
                    stopping = std::move(stopping)](
                       const std::string& url,
                       const std::string& etag) -> base::Result<lookup::DirectoryAnswer> {
    if (*stopping) return fail(ErrorCode::network, "shutting down");
    return ask(url, etag);
  };
  return std::make_unique<lookup::RemoteDirectory>(std::move(rules), std::move(transport), clock);
}

} // namespace setup
