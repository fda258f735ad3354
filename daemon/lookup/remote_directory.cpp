#include "lookup/remote_directory.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "http/client.h"
#include "lookup/durable_file.h"
#include "lookup/snapshot.h"
#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>

namespace lookup {

namespace json = boost::json;
using base::ErrorCode;
using base::LogLevel;
using base::Result;

namespace {

constexpr std::size_t kMaxState = 64 * 1024;
constexpr std::size_t kMaxHeader = 4096;

std::string minutes_of(base::Milliseconds age) {
  return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(age).count());
}

std::filesystem::path state_file(const std::filesystem::path& cache) {
  auto out = cache;
  out += ".state";
  return out;
}

Result<std::string> read_whole(const std::filesystem::path& file, std::size_t limit) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::fail(ErrorCode::file_error, file.string() + ": cannot be read");
  std::string out;
  std::vector<char> block(256 * 1024);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    out.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > limit)
      return base::fail(ErrorCode::invalid_config, file.string() + ": larger than the limit");
  }
  return out;
}

// What may go into a header.
bool printable(std::string_view text) {
  return text.size() <= kMaxHeader && std::all_of(text.begin(), text.end(), [](char c) {
           return c > 0x20 && static_cast<unsigned char>(c) < 0x7f;
         });
}

} // namespace

RemoteDirectory::RemoteDirectory(RemoteRules rules, DirectoryTransport transport,
                                 const base::Clock& clock)
    : rules_(std::move(rules)), transport_(std::move(transport)), clock_(clock) {}

Result<> RemoteDirectory::open() {
  next_ = clock_.now();
  const auto cached = load_cache();
  if (cached) {
    base::log(LogLevel::info, "directory.cache", "the directory is taken from its cache",
              {{"organisations", std::to_string(current()->organisations().size())},
               {"age_minutes", minutes_of(age())}});
    watch_age();
    return {};
  }
  if (std::error_code ignored; std::filesystem::exists(rules_.cache, ignored))
    base::log(LogLevel::error, "directory.cache_unusable",
              "the cache of the directory cannot be used", {{"error", cached.error().detail}});
  std::string why;
  if (ask(why) == Outcome::failed)
    return base::fail(ErrorCode::network,
                      "no directory: none in the cache, and no server gives one; " + why);
  next_ = clock_.now() + rules_.refresh;
  return {};
}

bool RemoteDirectory::step() {
  bool changed = false;
  if (clock_.now() >= next_) {
    std::string why;
    const auto outcome = ask(why);
    changed = outcome == Outcome::changed;
    // From the end of the question: a server that answers slowly is not asked without pause.
    next_ = clock_.now() +
            (outcome == Outcome::failed ? std::min(rules_.retry, rules_.refresh) : rules_.refresh);
    if (outcome == Outcome::failed && why != told_) {
      base::log(LogLevel::error, "directory.refresh_failed",
                "no server gives a directory; the one before stays in force",
                {{"error", why}, {"age_minutes", minutes_of(age())}});
      told_ = why;
    } else if (outcome != Outcome::failed && !told_.empty()) {
      base::log(LogLevel::info, "directory.refresh_recovered", "a directory server answers again");
      told_.clear();
    }
    if (changed)
      base::log(LogLevel::info, "directory.refreshed", "a server has given a new directory",
                {{"organisations", std::to_string(current()->organisations().size())}});
  }
  watch_age();
  return changed;
}

void RemoteDirectory::watch_age() {
  const bool old = age() > rules_.max_age;
  if (old && !alarmed_)
    base::log(
        LogLevel::critical, "directory.stale",
        "the directory was not confirmed for longer than max_age; it stays in force",
        {{"age_minutes", minutes_of(age())}, {"max_age_minutes", minutes_of(rules_.max_age)}});
  if (!old && alarmed_)
    base::log(LogLevel::critical, "directory.fresh", "the directory is up to date again");
  alarmed_ = old;
}

RemoteDirectory::Outcome RemoteDirectory::ask(std::string& why) {
  for (std::size_t i = 0; i < rules_.urls.size(); ++i) {
    const auto at = (first_ + i) % rules_.urls.size();
    const auto outcome = ask(rules_.urls[at]);
    if (outcome) {
      first_ = at;
      return *outcome;
    }
    why += (why.empty() ? "server " : "; server ") + std::to_string(at + 1) + ": " +
           outcome.error().detail;
  }
  return Outcome::failed;
}

Result<RemoteDirectory::Outcome> RemoteDirectory::ask(const std::string& url) {
  // What another server called this version means nothing to this one.
  const bool ours = current() && kept_.url == url;
  auto answer = transport_(url, ours ? kept_.etag : std::string());
  if (!answer) return answer.error();
  if (answer->status == 304 && ours && !kept_.etag.empty()) {
    kept_.confirmed = clock_.now();
    {
      const std::lock_guard lock(mutex_);
      confirmed_ = kept_.confirmed;
    }
    keep_state();
    return Outcome::unchanged;
  }
  if (answer->status != 200)
    return base::fail(ErrorCode::network, "HTTP status " + std::to_string(answer->status));
  return take(url, std::move(*answer));
}

Result<RemoteDirectory::Outcome> RemoteDirectory::take(const std::string& url,
                                                       DirectoryAnswer answer) {
  const auto sha256 = crypto::sha256_hex(answer.body);
  const bool same = current() && sha256 == kept_.sha256;
  std::shared_ptr<const directory::Directory> fresh;
  if (!same) {
    auto read = parse_snapshot(answer.body, "answer", rules_.limits);
    if (!read) return read.error();
    // A server that has lost its data must not take everybody's mailbox away.
    if ((*read)->organisations().empty())
      return base::fail(ErrorCode::invalid_config, "answer: holds no organisation");
    fresh = std::move(*read);
  }
  kept_ = {printable(answer.etag) ? answer.etag : std::string(), url, sha256, clock_.now()};
  {
    const std::lock_guard lock(mutex_);
    if (fresh) current_ = std::move(fresh);
    confirmed_ = kept_.confirmed;
  }
  // The state is written after the content it speaks of. A crash between the two leaves a state
  // that does not fit the content: its ETag is forgotten then, and the age is that of the content
  // before, so an alarm comes early rather than late.
  if (!same) keep(answer.body);
  keep_state();
  return same ? Outcome::unchanged : Outcome::changed;
}

void RemoteDirectory::keep(const std::string& body) {
  if (const auto kept = replace_file(rules_.cache, body); !kept)
    base::log(LogLevel::error, "directory.cache_not_written",
              "the directory is in force, but a restart would take an older one",
              {{"error", kept.error().detail}});
}

void RemoteDirectory::keep_state() {
  const json::object state{{"etag", kept_.etag},
                           {"url", kept_.url},
                           {"sha256", kept_.sha256},
                           {"confirmed", base::format_datetime(kept_.confirmed)}};
  if (const auto kept = replace_file(state_file(rules_.cache), json::serialize(state) + "\n");
      !kept)
    base::log(LogLevel::error, "directory.cache_not_written",
              "after a restart the directory would count as older than it is",
              {{"error", kept.error().detail}});
}

Result<> RemoteDirectory::load_cache() {
  const auto text = read_whole(rules_.cache, rules_.limits.snapshot_bytes);
  if (!text) return text.error();
  auto read = parse_snapshot(*text, rules_.cache.string(), rules_.limits);
  if (!read) return read.error();
  Kept kept;
  kept.sha256 = crypto::sha256_hex(*text);
  if (const auto state = read_whole(state_file(rules_.cache), kMaxState)) {
    json::error_code error;
    const auto value = json::parse(*state, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto member = [object](const char* key) -> std::string {
      const auto* one = object ? object->if_contains(key) : nullptr;
      const auto* string = one ? one->if_string() : nullptr;
      return string ? std::string(string->data(), string->size()) : std::string();
    };
    if (const auto confirmed = base::parse_datetime(member("confirmed")))
      kept.confirmed = *confirmed;
    if (member("sha256") == kept.sha256 && printable(member("etag"))) {
      kept.etag = member("etag");
      kept.url = member("url");
    }
  }
  // A clock that was wrong when it was written must not make it young for ever.
  kept.confirmed = std::min(kept.confirmed, clock_.now());
  kept_ = std::move(kept);
  const std::lock_guard lock(mutex_);
  current_ = std::move(*read);
  confirmed_ = kept_.confirmed;
  return {};
}

std::shared_ptr<const directory::Directory> RemoteDirectory::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

base::Milliseconds RemoteDirectory::age() const {
  const std::lock_guard lock(mutex_);
  return std::max(clock_.now() - confirmed_, base::Milliseconds{0});
}

Result<> RemoteDirectory::in_time() const {
  const auto old = age();
  if (old <= rules_.max_age) return {};
  return base::fail(ErrorCode::network,
                    "not confirmed by a server for " + minutes_of(old) + " minutes");
}

DirectoryTransport http_directory_transport(RemoteAccess access) {
  return [access = std::move(access)](const std::string& url,
                                      const std::string& etag) -> Result<DirectoryAnswer> {
    http::ClientRules rules;
    rules.ca_file = access.ca_file;
    rules.client_certificate_file = access.client_certificate_file;
    rules.client_key_file = access.client_key_file;
    http::GetHeaders headers;
    headers.if_none_match = etag;
    if (!access.token_file.empty()) {
      const auto token = read_whole(access.token_file, kMaxState);
      if (!token) return token.error();
      const auto value = base::trim(*token);
      if (value.empty() || !printable(value))
        return base::fail(ErrorCode::invalid_config,
                          access.token_file.string() + ": holds no bearer token");
      headers.authorization = "Bearer " + std::string(value);
    }
    auto answer = http::Client(rules).get(
        url, http::ClientLimits{access.connect, access.total, access.answer_bytes, false}, headers);
    if (!answer) return answer.error();
    return DirectoryAnswer{answer->status, std::move(answer->etag), std::move(answer->body)};
  };
}

} // namespace lookup
