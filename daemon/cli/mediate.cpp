#include "cli/commands.h"
#include "cli/keep.h"
#include "cli/letter.h"
#include "cli/metadata.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

namespace cli {
namespace {

struct MediateOptions {
  CommonOptions common;
  LetterOptions letter;
  ReceiverOptions receiver;
  bool without_protocol = false;
  bool allow_unsigned = false;
  std::vector<std::string> trust;
  std::string out;
};

boost::json::object to_json(const mailbox::ProcessCard& card) {
  boost::json::object out{{"message_id", card.message_id},
                          {"creation", base::format_datetime(card.creation)}};
  if (card.forwarding) out["forwarding"] = base::format_datetime(*card.forwarding);
  if (card.reception) out["reception"] = base::format_datetime(*card.reception);
  return out;
}

void print(const char* label, const mailbox::ProcessCard& card) {
  std::cout << label << harmless(card.message_id) << "\n            accepted  "
            << base::format_datetime(card.creation);
  if (card.forwarding)
    std::cout << "\n            forwarded " << base::format_datetime(*card.forwarding);
  if (card.reception)
    std::cout << "\n            received  " << base::format_datetime(*card.reception);
  std::cout << "\n";
}

void print(const client::Mediated& mediated, bool json) {
  if (json) {
    boost::json::array feedback;
    for (const auto& entry : mediated.answer.feedback)
      feedback.push_back({{"code", entry.code}, {"text", harmless(entry.text)}});
    boost::json::object out{{"message_id", mediated.message_id}, {"feedback", std::move(feedback)}};
    if (const auto* card = mediated.request_card()) out["request_card"] = to_json(*card);
    if (const auto* card = mediated.reply_card()) out["reply_card"] = to_json(*card);
    std::cout << boost::json::serialize(out) << std::endl;
    return;
  }
  if (const auto* card = mediated.request_card()) print("request     ", *card);
  if (const auto* card = mediated.reply_card()) print("reply       ", *card);
  if (mediated.executed())
    for (const auto& entry : mediated.answer.feedback)
      std::cout << (entry.code.starts_with('3') ? "warning     " : "feedback    ")
                << harmless(entry.code + " " + entry.text) << "\n";
  std::cout << std::flush;
}

// The reply onto the disk, before the next request of the dialog acknowledges it (8.6).
ExitCode put_away(const MediateOptions& o, const client::Mediated& mediated, Connection& at,
                  const Keeper& keeper) {
  const auto* card = mediated.reply_card();
  Label label = card ? label_of(*card) : label_of_unnumbered(mediated.message.digest());
  if (mediated.answer.content) label.metadata = metadata_of(*mediated.answer.content);
  const auto& session = at.session();
  const auto content = mediated.open(session.identity(), session.options(), at.random());
  const auto kept =
      content ? keeper.keep(*content, label) : base::Result<KeptDelivery>(content.error());
  if (kept) {
    print(*kept, o.common.json);
    return ExitCode::ok;
  }
  if (!is_unverified(kept.error().code)) return give_up(kept.error());
  const auto bad = keeper.set_aside(label, kept.error(), mediated.message.plain(), false);
  if (!bad) return give_up(bad.error());
  explain_bad(*bad);
  std::cerr << "      it is not acknowledged." << std::endl;
  return ExitCode::unverified;
}

ExitCode mediate(const MediateOptions& o) {
  auto connection = Connection::make(o.common, progress_bar());
  if (!connection) return give_up(connection.error());
  auto& at = **connection;
  std::unique_ptr<crypto::TrustStore> authors;
  if (!o.trust.empty()) {
    auto anchors = read_certificates(o.trust);
    if (!anchors) return give_up(anchors.error());
    authors = std::make_unique<crypto::TrustStore>(
        std::move(*anchors), std::vector<crypto::Certificate>{}, crypto::TrustPolicy{});
  }
  const auto letter = compose(o.letter, at.clock().now(), at.random());
  if (!letter) return give_up(letter.error());
  const auto receiver = receiver_uri(o.receiver, o.letter, true);
  if (!receiver) return give_up(receiver.error());
  // Before anything is sent: a reply that cannot be kept would be lost.
  const auto shelf = Shelf::open(o.out, at.random());
  if (!shelf) return give_up(shelf.error());
  const Keeper keeper(*shelf, {o.allow_unsigned, authors.get()}, at.clock());

  auto dialog = at.session().open_dialog();
  if (!dialog) return give_up(dialog.error());
  std::string message_id;
  const auto mediated = dialog->mediate(*letter, *receiver, !o.without_protocol,
                                        [&message_id](const std::string& id) { message_id = id; });
  if (!mediated) {
    const auto code = give_up(mediated.error());
    if (code == ExitCode::refused) return code;
    if (!message_id.empty())
      explain_unknown_outcome(message_id);
    else if (o.without_protocol)
      std::cerr << "      It is not known whether the recipient got the message.\n";
    return code;
  }
  print(*mediated, o.common.json);
  auto result = ExitCode::ok;
  if (mediated->executed() && mediated->has_reply()) {
    result = put_away(o, *mediated, at, keeper);
    // No further word, so that the reply does not count as received.
    if (result != ExitCode::ok) return result;
  } else if (!mediated->executed()) {
    result = give_up(client::refusal(mediated->answer.feedback));
  } else if (!o.common.json) {
    std::cerr << "osci: the recipient accepted and sent no content\n";
  }
  if (const auto done = dialog->exit(); !done) {
    const auto code = give_up(done.error());
    return result == ExitCode::ok ? code : result;
  }
  return result;
}

} // namespace

Command add_mediate(CLI::App& app) {
  auto o = std::make_shared<MediateOptions>();
  auto* sub = app.add_subcommand(
      "mediate", "Send files to a recipient that listens, and write its reply to a folder");
  add_letter(*sub, o->letter);
  add_receiver(*sub, o->receiver, true);
  sub->add_flag("--without-protocol", o->without_protocol,
                "without message id and process cards; nothing tells later what became of it");
  sub->add_option("--out", o->out, "folder that gets a sub-folder for the reply")->required();
  sub->add_option("--trust", o->trust,
                  "CA certificates that the reply's authors must lead to; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--allow-unsigned", o->allow_unsigned, "take a reply that no author has signed");
  add_common(*sub, o->common);
  return {sub, [o] { return mediate(*o); }};
}

} // namespace cli
