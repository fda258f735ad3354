#include "cli/reception.h"
#include "cli/metadata.h"
#include "cli/text.h"
#include <filesystem>
#include <utility>

namespace cli {

using base::ErrorCode;
using base::fail;
using client::Verdict;

namespace {

constexpr const char* kReplyFile = "reply";
// The codes of the table in the header.
constexpr std::string_view kOtherDelivery = "9801";
constexpr std::string_view kBadContent = "9805";
constexpr std::string_view kNoReply = "9808";
constexpr std::string_view kNotStored = "9811";

client::ReplyContent echo_of(const seal::OpenedContent& content) {
  client::ReplyContent out;
  std::set<std::string> taken;
  for (const auto& item : content.items) {
    if (item.kind == seal::ContentItem::Kind::data) {
      out.data.push_back(item.bytes);
      continue;
    }
    seal::Attachment file;
    file.content_id = unique_name(content_id_from(safe_file_name(item.name, "attachment")), taken);
    file.bytes = item.bytes;
    out.attachments.push_back(std::move(file));
  }
  return out;
}

} // namespace

// One thread at a time for each folder: an intermediary that gave up waiting and sends again must
// not have the reply made twice at once. Waits no longer than the other one works, which limits
// bound.
class Reception::Turn {
 public:
  Turn(Reception& reception, const std::string& folder) : reception_(reception), folder_(folder) {
    std::unique_lock lock(reception_.mutex_);
    reception_.turn_ended_.wait(lock, [&] { return !reception_.at_work_.contains(folder_); });
    reception_.at_work_.insert(folder_);
  }
  ~Turn() {
    {
      const std::lock_guard lock(reception_.mutex_);
      reception_.at_work_.erase(folder_);
    }
    reception_.turn_ended_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Reception& reception_;
  const std::string folder_;
};

// If the process dies before keep() has returned, the intermediary gets no answer and sends again.
// Dies it afterwards, the repeat finds the folder and is answered positively.
Verdict Reception::take(const client::Pushed& pushed) {
  Label label = pushed.message_id().empty() ? label_of_unnumbered(pushed.message.digest())
                                            : label_of(*pushed.request.card);
  label.metadata = metadata_of(pushed.request.content);
  const Turn turn(*this, label.folder);
  const auto content = pushed.open(recipient_.identity(), recipient_.options().content, random_);
  if (!content) return refuse_content(pushed, label, content.error());
  const auto kept = keeper_.keep(*content, label);
  if (!kept) {
    if (is_unverified(kept.error().code)) return refuse_content(pushed, label, kept.error());
    std::error_code ignored;
    const bool occupied = std::filesystem::exists(shelf_.path() + "/" + label.folder, ignored);
    return problem(label, kept.error(), occupied ? kOtherDelivery : kNotStored);
  }
  if (on_kept) {
    const std::lock_guard lock(mutex_);
    on_kept(*kept);
  }
  if (!pushed.wants_reply() || reply_.kind == ReplyOrder::Kind::none) return {};
  return reply(pushed, label, *kept, *content);
}

Verdict Reception::refuse_content(const client::Pushed& pushed, const Label& label,
                                  const base::Error& error) {
  const auto bad = keeper_.set_aside(label, error, pushed.message.plain(), false);
  if (!bad) return problem(label, bad.error(), kNotStored);
  if (on_bad) {
    const std::lock_guard lock(mutex_);
    on_bad(*bad);
  }
  return {std::string(kBadContent)};
}

Verdict Reception::problem(const Label& label, const base::Error& error, std::string_view code) {
  if (on_problem) {
    const std::lock_guard lock(mutex_);
    on_problem(label, error, code == kNoReply);
  }
  return {std::string(code)};
}

Verdict Reception::reply(const client::Pushed& pushed, const Label& label, const KeptDelivery& kept,
                         const seal::OpenedContent& content) {
  if (!pushed.reply_to())
    return problem(label,
                   fail(ErrorCode::client_certificate_missing,
                        "no reply: the sender names no cipher certificate to seal it for"),
                   kNoReply);
  base::Result<client::ReplyContent> made =
      reply_.kind == ReplyOrder::Kind::echo ? echo_of(content) : reply_of_program(label, kept);
  if (!made) return problem(label, made.error(), kNoReply);
  Verdict out;
  // Without a word to say the answer carries feedback only.
  if (!made->data.empty() || !made->attachments.empty()) out.reply = std::move(*made);
  return out;
}

// The program's answer is kept, and a repeat gets the same one: whoever asks twice must not be
// charged twice. If the process dies between the program's end and keep(), the program runs again.
base::Result<client::ReplyContent> Reception::reply_of_program(const Label& label,
                                                               const KeptDelivery& kept) const {
  const auto replies = shelf_.below("replies");
  if (!replies) return replies.error();
  const std::string known = replies->path() + "/" + label.folder;
  std::string text;
  std::error_code ignored;
  if (std::filesystem::exists(known, ignored)) {
    auto read = read_file(known + "/" + kReplyFile, reply_.limits.output);
    if (!read) return read.error();
    text = std::move(*read);
  } else {
    Program program = reply_.program;
    program.arguments.push_back(kept.folder);
    auto written = run_program(program, reply_.limits);
    if (!written) return written.error();
    const auto done = replies->keep(label.folder, {{kReplyFile, *written}}, {kReplyFile});
    if (!done) return done.error();
    text = std::move(*written);
  }
  client::ReplyContent out;
  if (!text.empty()) out.data.push_back(std::move(text));
  return out;
}

} // namespace cli
