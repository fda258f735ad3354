#include "cli/load/record.h"
#include "cli/load/ledger.h"
#include <boost/json.hpp>
#include <filesystem>

namespace cli::load {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::size_t kMaxLine = 4096;

struct Name {
  Outcome outcome;
  std::string_view text;
};
constexpr Name kNames[] = {{Outcome::accepted, "accepted"},
                           {Outcome::refused, "refused"},
                           {Outcome::unknown, "unknown"},
                           {Outcome::not_sent, "not_sent"}};

const std::string* text_in(const boost::json::object& object, const char* name, std::string& out) {
  const auto* value = object.if_contains(name);
  const auto* text = value ? value->if_string() : nullptr;
  if (!text) return nullptr;
  out = std::string(text->data(), text->size());
  return &out;
}

bool number_in(const boost::json::object& object, const char* name, std::uint64_t& out) {
  const auto* value = object.if_contains(name);
  boost::system::error_code failed;
  if (!value) return false;
  out = value->to_number<std::uint64_t>(failed);
  return !failed;
}

} // namespace

std::string_view to_string(Outcome outcome) {
  for (const auto& [value, text] : kNames)
    if (value == outcome) return text;
  return {};
}

std::string record_line(const SentMessage& m) {
  return boost::json::serialize(boost::json::object{{"run", m.stamp.run},
                                                    {"number", m.stamp.number},
                                                    {"size", m.stamp.size},
                                                    {"sha256", m.stamp.sha256},
                                                    {"to", m.to},
                                                    {"message_id", m.message_id},
                                                    {"outcome", to_string(m.outcome)},
                                                    {"code", m.code}}) +
         "\n";
}

base::Result<SentMessage> parse_record_line(std::string_view line) {
  const auto wrong = fail(ErrorCode::invalid_config, "not a line of osci source --record");
  boost::system::error_code failed;
  const auto value = boost::json::parse(boost::json::string_view(line.data(), line.size()), failed);
  const auto* object = failed ? nullptr : value.if_object();
  SentMessage out;
  std::string outcome;
  if (!object || !text_in(*object, "run", out.stamp.run) ||
      !number_in(*object, "number", out.stamp.number) ||
      !number_in(*object, "size", out.stamp.size) ||
      !text_in(*object, "sha256", out.stamp.sha256) || !text_in(*object, "to", out.to) ||
      !text_in(*object, "message_id", out.message_id) || !text_in(*object, "outcome", outcome) ||
      !text_in(*object, "code", out.code))
    return wrong;
  for (const auto& [known, text] : kNames)
    if (outcome == text) {
      out.outcome = known;
      return out;
    }
  return wrong;
}

base::Result<> RecordWriter::open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored))
    return fail(ErrorCode::file_error, path + ": is there already; a record is not overwritten");
  path_ = path;
  out_.open(path, std::ios::binary);
  if (!out_) return fail(ErrorCode::file_error, path + ": cannot be written");
  return {};
}

void RecordWriter::write(const SentMessage& message) {
  if (path_.empty()) return;
  const std::string line = record_line(message);
  const std::lock_guard lock(mutex_);
  out_ << line << std::flush; // whole lines, also if the process is killed
}

base::Result<> RecordWriter::close() {
  if (path_.empty()) return {};
  const std::lock_guard lock(mutex_);
  out_.close();
  if (!out_) return fail(ErrorCode::file_error, path_ + ": cannot be written; it is not complete");
  return {};
}

base::Result<> read_record(const std::string& path,
                           const std::function<void(const SentMessage&)>& each) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::file_error, path + ": cannot be read");
  std::string line(kMaxLine, '\0');
  std::uint64_t number = 0;
  while (in.getline(line.data(), static_cast<std::streamsize>(line.size()))) {
    ++number;
    const std::string_view text(line.data(),
                                static_cast<std::size_t>(in.gcount()) - (in.eof() ? 0u : 1u));
    if (text.empty()) continue;
    if (number > Ledger::kMost)
      return fail(ErrorCode::invalid_config, path + ": more than 5 million lines");
    const auto message = parse_record_line(text);
    if (!message)
      return fail(message.error().code,
                  path + ", line " + std::to_string(number) + ": " + message.error().detail);
    each(*message);
  }
  if (!in.eof())
    return fail(ErrorCode::invalid_config,
                path + ", line " + std::to_string(number + 1) + ": longer than a record's line");
  return {};
}

} // namespace cli::load
