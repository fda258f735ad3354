#include "cli/ctl/journal_lines.h"
#include "base/encoding.h"
#include <boost/json.hpp>
#include <charconv>
#include <vector>

namespace cli::ctl {

namespace json = boost::json;
using base::ErrorCode;
using base::fail;
using storage::JournalEntry;

namespace {

constexpr std::size_t kPiece = 64 * 1024;

base::Error no_entry() {
  return fail(ErrorCode::invalid_content, "no entry of a journal as `journal export` writes it");
}

bool is_hash(std::string_view hex) {
  return hex.size() == 2 * storage::kJournalHashSize &&
         hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string text_of(const json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string{};
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

} // namespace

base::Result<std::string> to_line(const JournalEntry& entry) {
  for (const auto* text :
       {&entry.event, &entry.message_id, &entry.mailbox, &entry.originator, &entry.detail})
    if (!base::valid_utf8(*text))
      return fail(ErrorCode::invalid_content,
                  "entry " + std::to_string(entry.number) + " of the journal is not UTF-8");
  const json::object object{{"version", 1},
                            {"number", entry.number},
                            {"at", base::format_datetime(entry.at)},
                            {"event", entry.event},
                            {"message_id", entry.message_id},
                            {"mailbox", entry.mailbox},
                            {"originator", entry.originator},
                            {"detail", entry.detail},
                            {"previous", base::hex_encode(entry.previous)},
                            {"hash", base::hex_encode(entry.hash)}};
  return json::serialize(object) + "\n";
}

base::Result<JournalEntry> parse_line(std::string_view line) {
  if (line.size() > kMaxJournalLine) return no_entry();
  json::parse_options options;
  options.max_depth = 2;
  boost::system::error_code failed;
  const auto value = json::parse(line, failed, {}, options);
  const auto* object = failed ? nullptr : value.if_object();
  if (!object) return no_entry();
  JournalEntry out;
  const auto* number = object->if_contains("number");
  if (!number) return no_entry();
  out.number = number->to_number<std::uint64_t>(failed);
  if (failed || out.number == 0) return no_entry();
  const auto at = base::parse_datetime(text_of(*object, "at"));
  if (!at) return no_entry();
  out.at = *at;
  out.event = text_of(*object, "event");
  out.message_id = text_of(*object, "message_id");
  out.mailbox = text_of(*object, "mailbox");
  out.originator = text_of(*object, "originator");
  out.detail = text_of(*object, "detail");
  for (const auto& [key, into] :
       {std::pair{"previous", &out.previous}, std::pair{"hash", &out.hash}}) {
    const auto hex = text_of(*object, key);
    if (!is_hash(hex)) return no_entry();
    *into = base::hex_decode(hex).value();
  }
  const auto again = to_line(out);
  if (!again || std::string_view(*again).substr(0, again->size() - 1) != line) return no_entry();
  return out;
}

base::Result<NotedHead> parse_head(std::string_view text) {
  NotedHead out;
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    out.number = whole_number(text.substr(0, colon));
    if (!out.number) return fail(ErrorCode::invalid_config, "--head is NUMBER:HASH or HASH");
    text.remove_prefix(colon + 1);
  }
  if (!is_hash(text)) return fail(ErrorCode::invalid_config, "--head is NUMBER:HASH or HASH");
  out.hash = base::hex_decode(text).value();
  return out;
}

std::string to_text(const storage::JournalHead& head) {
  return std::to_string(head.number) + ":" + base::hex_encode(head.hash);
}

bool JournalVerifier::bad(std::string finding) {
  if (out_.bad_line == 0) {
    out_.bad_line = out_.lines + 1;
    out_.finding = std::move(finding);
  }
  return false;
}

bool JournalVerifier::follows(const JournalEntry& entry) {
  if (out_.lines == 0) return true; // the beginning of a window, or what has not expired
  const auto next = out_.last + 1;
  if (entry.number > next)
    return bad(entry.number == next + 1
                   ? "entry " + std::to_string(next) + " is missing before it"
                   : "entries " + std::to_string(next) + " to " + std::to_string(entry.number - 1) +
                         " are missing before it");
  if (entry.number < next)
    return bad("entry " + std::to_string(entry.number) + " where " + std::to_string(next) +
               " belongs: repeated, or in another order");
  if (entry.previous != out_.hash)
    return bad(
        "does not follow on the entry before: another journal, or what was before is altered");
  return true;
}

// With the noted head, as far as this entry tells.
bool JournalVerifier::agrees(const JournalEntry& entry) {
  if (!noted_) return true;
  const auto& noted = *noted_;
  if (out_.lines == 0) {
    const bool before = !noted.number || *noted.number + 1 == entry.number;
    if (before && entry.previous == noted.hash) found_ = true;
    if (!found_ && noted.number && *noted.number + 1 == entry.number)
      return bad("does not follow on the noted head: the journal was written anew");
    if (!found_ && noted.number && *noted.number + 1 < entry.number)
      return bad("begins after the noted head; export from an earlier time");
  }
  if (noted.number && *noted.number == entry.number && entry.hash != noted.hash)
    return bad("has another hash than was noted: the journal was written anew");
  if (entry.hash == noted.hash) found_ = true;
  return true;
}

bool JournalVerifier::line(std::string_view text, bool complete) {
  if (out_.bad_line != 0) return false;
  if (!complete) return bad("ends in the middle of the line");
  const auto entry = parse_line(text);
  if (!entry) return bad(entry.error().detail);
  if (storage::journal_hash(*entry) != entry->hash) return bad("altered: does not have its hash");
  if (!follows(*entry) || !agrees(*entry)) return false;
  if (out_.lines == 0) {
    out_.first = entry->number;
    out_.previous = entry->previous;
  }
  out_.last = entry->number;
  out_.hash = entry->hash;
  ++out_.lines;
  return true;
}

void JournalVerifier::too_long() {
  bad(no_entry().detail);
}

Verification JournalVerifier::finish() {
  if (noted_ && !found_ && out_.bad_line == 0) {
    if (noted_->number == std::uint64_t{0} && out_.lines == 0)
      found_ = true; // noted before the first event
    else
      bad(noted_->number ? "the noted entry " + std::to_string(*noted_->number) +
                               " is missing: the end was cut off"
                         : "the noted head is missing: the end was cut off, or the journal was "
                           "written anew");
  }
  return out_;
}

Verification verify_journal(std::istream& in, const std::optional<NotedHead>& noted) {
  JournalVerifier verifier(noted);
  std::string pending;
  std::vector<char> piece(kPiece);
  for (bool good = true; good && in;) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    std::string_view rest(piece.data(), static_cast<std::size_t>(in.gcount()));
    for (auto end = rest.find('\n'); good && end != std::string_view::npos; end = rest.find('\n')) {
      pending += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      good = verifier.line(pending);
      pending.clear();
    }
    pending += rest;
    if (good && pending.size() > kMaxJournalLine) {
      verifier.too_long();
      return verifier.finish();
    }
  }
  if (!pending.empty()) verifier.line(pending, false);
  return verifier.finish();
}

} // namespace cli::ctl
