#include "cli/resent.h"
#include "base/encoding.h"
#include "cli/durable.h"
#include "crypto/digest.h"
#include "xml/document.h"
#include <algorithm>
#include <filesystem>
#include <mutex>

namespace cli {

namespace {

constexpr std::string_view kField = "nachrichtenUUID";
constexpr std::string_view kHeader = "identifikation.nachricht";
constexpr std::size_t kFolderName = 256;

bool uuid_form(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// Depth is limited by the parser.
std::optional<std::string> find_uuid(const xml::Element& of) {
  for (const auto& one : of.children()) {
    if (one.name() == kField && of.name() == kHeader) return one.text();
    if (auto found = find_uuid(one)) return found;
  }
  return std::nullopt;
}

} // namespace

std::optional<std::string> message_uuid(std::string_view document) {
  // Most of what is no XÖV message is left here.
  if (document.find(kField) == std::string_view::npos) return std::nullopt;
  xml::Limits limits;
  limits.elements = 1'000'000;
  const auto parsed = xml::Document::parse(document, limits);
  if (!parsed) return std::nullopt;
  auto found = find_uuid(parsed->root());
  if (!found) return std::nullopt;
  std::string uuid(base::trim(*found));
  std::transform(uuid.begin(), uuid.end(), uuid.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  if (!uuid_form(uuid)) return std::nullopt;
  return uuid;
}

base::Result<std::optional<std::string>> sent_before(const Shelf& shelf, std::string_view author,
                                                     std::string_view uuid,
                                                     const std::string& folder) {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  const std::string messages = shelf.path() + "/.messages";
  if (const auto made = make_folder(messages, kPrivateFolder); !made) return made.error();
  std::string key(author);
  key += ' ';
  key += uuid;
  const std::string name = crypto::sha256_hex(key);
  std::error_code error;
  if (std::filesystem::exists(messages + "/" + name, error)) {
    auto earlier = read_file(messages + "/" + name, kFolderName);
    if (!earlier) return earlier.error();
    if (*earlier == folder) return std::optional<std::string>();
    // A name of ours stays on the shelf; anything else in the file is not looked up.
    const bool plain = !earlier->empty() && earlier->find('/') == std::string::npos &&
                       earlier->front() != '.' && earlier->find('\0') == std::string::npos;
    if (plain && std::filesystem::is_directory(shelf.path() + "/" + *earlier, error))
      return std::optional<std::string>(std::move(*earlier));
  }
  if (const auto written = replace_durably(messages, name, folder); !written)
    return written.error();
  return std::optional<std::string>();
}

} // namespace cli
