#include "cli/ctl/mailbox_report.h"
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

namespace cli::ctl {

using base::ErrorCode;
using base::fail;
using directory::MailboxObservation;

namespace {

constexpr std::size_t kMaxMailboxes = 100'000;
constexpr std::size_t kMaxCertificates = 64; // of one mailbox

base::Error broken(const std::string& where, const std::string& what) {
  return fail(ErrorCode::invalid_config, where + what);
}

// Null where it is absent or null.
const boost::json::value* member(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value && !value->is_null() ? value : nullptr;
}

class Entry {
 public:
  Entry(const boost::json::object& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  base::Result<> read(MailboxObservation& out) const {
    const auto* mailbox = member(object_, "mailbox");
    if (!mailbox || !mailbox->is_string() || !directory::valid_mailbox(mailbox->as_string()))
      return broken(where_, "\"mailbox\" is no mailbox id");
    out.mailbox = mailbox->as_string();
    if (auto done = time("last_fetch", out.last_fetch); !done) return done;
    if (auto done = time("oldest_unfetched", out.oldest_unfetched); !done) return done;
    if (const auto* never = member(object_, "never_fetched")) {
      if (!never->is_bool()) return broken(where_, "\"never_fetched\" is true or false");
      out.never_fetched = never->as_bool();
    }
    std::optional<std::uint64_t> unfetched;
    if (auto done = number("unfetched", unfetched); !done) return done;
    out.unfetched = unfetched.value_or(0);
    if (auto done = number("octets", out.octets); !done) return done;
    if (auto done = number("quota", out.quota); !done) return done;
    return certificates(out);
  }

 private:
  base::Result<> time(const char* key, std::optional<base::Instant>& out) const {
    const auto* value = member(object_, key);
    if (!value) return {};
    const auto at = value->is_string() ? base::parse_datetime(value->as_string())
                                       : base::Result<base::Instant>(base::Error{});
    if (!at) return broken(where_, std::string("\"") + key + "\" is no date-time with zone");
    out = *at;
    return {};
  }
  base::Result<> number(const char* key, std::optional<std::uint64_t>& out) const {
    const auto* value = member(object_, key);
    if (!value) return {};
    boost::system::error_code failed;
    const auto found = value->to_number<std::uint64_t>(failed);
    if (failed || value->is_double())
      return broken(where_, std::string("\"") + key + "\" is no whole number");
    out = found;
    return {};
  }
  base::Result<> certificates(MailboxObservation& out) const {
    const auto* value = member(object_, "certificates");
    if (!value) return {};
    const auto wrong = [&] {
      return broken(where_, "\"certificates\" is a list of at most 64 fingerprints");
    };
    if (!value->is_array() || value->as_array().size() > kMaxCertificates) return wrong();
    out.certificates.emplace();
    for (const auto& one : value->as_array()) {
      const auto* text = one.if_string();
      if (!text || text->size() != 64 || !std::all_of(text->begin(), text->end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
          }))
        return wrong();
      out.certificates->emplace_back(*text);
    }
    return {};
  }

  const boost::json::object& object_;
  std::string where_;
};

} // namespace

base::Result<MailboxReport> parse_mailbox_report(std::string_view json) {
  if (json.size() > kMaxMailboxReport) return broken("", "the report is larger than 16 MiB");
  boost::system::error_code failed;
  const auto value = boost::json::parse(json, failed);
  const auto* root = failed ? nullptr : value.if_object();
  if (!root) return broken("", "the report is no JSON object");
  MailboxReport out;
  const auto* seen = member(*root, "seen_at");
  const auto at = seen && seen->is_string() ? base::parse_datetime(seen->as_string())
                                            : base::Result<base::Instant>(base::Error{});
  if (!at) return broken("", "\"seen_at\" is no date-time with zone");
  out.seen_at = *at;
  const auto* list = member(*root, "mailboxes");
  if (!list || !list->is_array() || list->as_array().size() > kMaxMailboxes)
    return broken("", "\"mailboxes\" is a list of at most 100000 entries");
  std::set<std::string> taken;
  std::size_t number = 0;
  for (const auto& one : list->as_array()) {
    const auto where = "mailbox " + std::to_string(++number) + ": ";
    if (!one.is_object()) return broken(where, "no object");
    MailboxObservation observation;
    observation.seen_at = out.seen_at;
    if (auto done = Entry(one.as_object(), where).read(observation); !done) return done.error();
    if (!taken.insert(observation.mailbox).second)
      return broken(where, "\"mailbox\" is there already");
    out.mailboxes.push_back(std::move(observation));
  }
  return out;
}

} // namespace cli::ctl
