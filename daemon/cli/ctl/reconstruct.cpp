// `dataclearingctl reconstruct`: after an outage, what exactly happened in a stretch of time.
#include "cli/ctl/commands.h"
#include "cli/ctl/reuse.h"
#include "cli/ctl/state.h"
#include <CLI/CLI.hpp>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <map>

namespace cli::ctl {

namespace json = boost::json;
using base::ErrorCode;
using base::fail;
using storage::WindowEntry;

namespace {

struct Options {
  std::string state;
  WindowOptions window;
  bool as_json = false;
};

constexpr std::array<storage::JournalEvent, storage::kJournalEvents> kEvents = {
    storage::JournalEvent::accepted,     storage::JournalEvent::offered,
    storage::JournalEvent::acknowledged, storage::JournalEvent::pushed,
    storage::JournalEvent::refused,      storage::JournalEvent::quarantined,
    storage::JournalEvent::released,     storage::JournalEvent::purged,
    storage::JournalEvent::held,         storage::JournalEvent::hold_released,
    storage::JournalEvent::noticed};

struct Totals {
  std::map<std::string, std::uint64_t, std::less<>> events;
  std::uint64_t octets = 0; // accepted
  std::uint64_t open = 0;

  void add(const WindowEntry& one) {
    ++events[one.entry.event];
    open += one.open;
    if (one.entry.event != to_string(storage::JournalEvent::accepted)) return;
    const auto size = storage::detail_value(one.entry.detail, "size").value_or("");
    std::uint64_t value = 0;
    std::from_chars(size.data(), size.data() + size.size(), value);
    octets += value;
  }
  // The four that are asked for always, others when there are any.
  std::string line() const {
    std::string out;
    for (const auto event : kEvents) {
      const auto word = to_string(event);
      const auto found = events.find(word);
      const auto count = found == events.end() ? 0 : found->second;
      const bool always =
          event == storage::JournalEvent::accepted || event == storage::JournalEvent::offered ||
          event == storage::JournalEvent::acknowledged || event == storage::JournalEvent::purged;
      if (count == 0 && !always) continue;
      out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(word);
      if (event == storage::JournalEvent::accepted) out += " (" + human_size(octets) + ")";
    }
    return out + "; " + std::to_string(open) + " accepted and still open";
  }
  json::object to_json() const {
    json::object out;
    for (const auto event : kEvents) {
      const auto found = events.find(to_string(event));
      out[to_string(event)] = found == events.end() ? 0 : found->second;
    }
    out["accepted_octets"] = octets;
    out["open"] = open;
    return out;
  }
};

// Writes while it reads: nothing is kept but the totals and what is open in one mailbox.
class Report {
 public:
  Report(bool as_json, const storage::TimeWindow& window) : as_json_(as_json), window_(window) {}

  void begin(const storage::JournalHead& anchor, const std::optional<base::Instant>& begins) {
    const bool partial = !begins || window_.from < *begins;
    if (as_json_) {
      std::cout << "{\"from\":" << json::serialize(json::value(base::format_datetime(window_.from)))
                << ",\"to\":" << json::serialize(json::value(base::format_datetime(window_.to)))
                << ",\"journal_begins\":"
                << (begins ? json::serialize(json::value(base::format_datetime(*begins))) : "null")
                << ",\"first_entry\":" << anchor.number + 1 << ",\"mailboxes\":[";
    } else {
      std::cout << "from " << base::format_datetime(window_.from) << " to "
                << base::format_datetime(window_.to) << "\n";
      if (partial && begins)
        std::cout << "note: the journal begins with entry " << anchor.number + 1 << " at "
                  << base::format_datetime(*begins) << "; of before it says nothing\n";
      if (!begins) std::cout << "note: the journal has no entries\n";
    }
  }

  void add(const WindowEntry& one) {
    if (!current_ || *current_ != one.entry.mailbox) {
      end_mailbox();
      current_ = one.entry.mailbox;
      ++mailboxes_;
      if (as_json_)
        std::cout << (mailboxes_ > 1 ? "," : "")
                  << "{\"mailbox\":" << json::serialize(json::value(one.entry.mailbox))
                  << ",\"events\":[";
      else
        std::cout << "\n" << harmless(one.entry.mailbox) << "\n";
    }
    const bool first = mailbox_.events.empty();
    mailbox_.add(one);
    all_.add(one);
    if (one.open) open_.push_back(one);
    if (as_json_)
      std::cout << (first ? "" : ",")
                << json::serialize(json::object{{"number", one.entry.number},
                                                {"at", base::format_datetime(one.entry.at)},
                                                {"event", one.entry.event},
                                                {"message_id", one.entry.message_id},
                                                {"originator", one.entry.originator},
                                                {"detail", one.entry.detail}});
    else
      std::cout << "  " << base::format_datetime(one.entry.at) << "  " << harmless(one.entry.event)
                << std::string(one.entry.event.size() < 13 ? 13 - one.entry.event.size() : 1, ' ')
                << harmless(one.entry.message_id) << more(one.entry) << "\n";
  }

  void end() {
    end_mailbox();
    if (as_json_)
      std::cout << "],\"totals\":" << json::serialize(all_.to_json()) << "}\n";
    else
      std::cout << "\n" << mailboxes_ << " mailboxes: " << all_.line() << "\n";
  }

 private:
  static std::string more(const storage::JournalEntry& entry) {
    std::string out;
    for (const char* key : {"size", "codes", "way", "reason"})
      if (const auto value = storage::detail_value(entry.detail, key))
        out += "  " + std::string(key) + "=" + harmless(*value);
    return out;
  }

  void end_mailbox() {
    if (!current_) return;
    if (as_json_) {
      json::array open;
      for (const auto& one : open_)
        open.push_back(
            json::object{{"message_id", one.entry.message_id},
                         {"accepted", base::format_datetime(one.entry.at)},
                         {"last_offered",
                          one.last_offered ? json::value(base::format_datetime(*one.last_offered))
                                           : json::value(nullptr)},
                         {"quarantined", one.quarantined}});
      std::cout << "],\"open\":" << json::serialize(open)
                << ",\"totals\":" << json::serialize(mailbox_.to_json()) << "}";
    } else {
      if (!open_.empty()) std::cout << "  neither acknowledged nor purged:\n";
      for (const auto& one : open_)
        std::cout << "    " << harmless(one.entry.message_id) << "  accepted "
                  << base::format_datetime(one.entry.at) << ", "
                  << (one.last_offered ? "last offered " + base::format_datetime(*one.last_offered)
                                       : "never offered")
                  << (one.quarantined ? ", in quarantine" : "") << "\n";
      std::cout << "  " << mailbox_.line() << "\n";
    }
    current_.reset();
    mailbox_ = {};
    open_.clear();
  }

  bool as_json_;
  storage::TimeWindow window_;
  std::optional<std::string> current_;
  std::uint64_t mailboxes_ = 0;
  Totals mailbox_, all_;
  std::vector<WindowEntry> open_;
};

ExitCode reconstruct(const Options& o) {
  const auto window = window_of(o.window);
  if (!window) return refuse(window.error());
  auto reader = storage::StateReader::open(o.state);
  if (!reader) return refuse(reader.error());
  const auto anchor = reader->anchor();
  if (!anchor) return refuse(anchor.error());
  const auto begins = reader->begins();
  if (!begins) return refuse(begins.error());
  Report report(o.as_json, *window);
  report.begin(*anchor, *begins);
  const auto done = reader->window(*window, [&](const WindowEntry& one) -> base::Result<> {
    report.add(one);
    if (!std::cout) return fail(ErrorCode::file_error, "standard output: cannot be written");
    return {};
  });
  if (!done) return refuse(done.error());
  report.end();
  return ExitCode::ok;
}

} // namespace

Command add_reconstruct(CLI::App& app) {
  auto o = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "reconstruct", "List what was accepted, offered, acknowledged and purged in a stretch of "
                     "time, by mailbox, and what of it is still open");
  add_place(*command, o->state);
  add_window(*command, o->window, true);
  command->add_flag("--json", o->as_json, "answer in JSON");
  return {command, [o] { return reconstruct(*o); }};
}

} // namespace cli::ctl
