#include "cli/ctl/readiness_test_message.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/profile.h"
#include "cli/test_message.h"
#include "cli/text.h"
#include "directory/routing.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <set>

namespace cli::ctl {

using base::ErrorCode;
using base::fail;

namespace {

constexpr base::Milliseconds kBetweenLooks{2000};

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames())
      if (name != "help") out.push_back(name);
  return out;
}

// What the profile says beside what stands on the command line, as `osci` reads it.
base::Result<> read_profile(CLI::App& app, CommonOptions& common) {
  if (common.profile.empty()) return {};
  const auto text = read_file(common.profile, 1024 * 1024);
  if (!text) return text.error();
  CLI::App here, elsewhere;
  add_common(here, common);
  for (auto* option : here.get_options()) option->required(false);
  KnownOptions known;
  known.paths = path_options();
  known.groups = exclusive_options();
  for (const auto& name : long_names(here))
    if (name != "json" && name != "profile") known.here.insert(name);
  known.anywhere = known.here;
  for (const auto& command :
       {add_send(elsewhere), add_fetch(elsewhere), add_card(elsewhere), add_ping(elsewhere),
        add_mediate(elsewhere), add_serve(elsewhere), add_source(elsewhere), add_sink(elsewhere)})
    for (const auto& name : long_names(*command.app)) known.anywhere.insert(name);
  std::vector<std::string> given;
  for (const auto* option : app.get_options())
    if (option->count() > 0)
      for (const auto& name : option->get_lnames()) given.push_back("--" + name);
  auto arguments = profile_arguments(*text, common.profile, known, given);
  if (!arguments) return arguments.error();
  std::reverse(arguments->begin(), arguments->end()); // as CLI11 wants a vector
  try {
    here.parse(*arguments);
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::invalid_config, common.profile + ": " + error.what());
  }
  return {};
}

base::Result<> complete(const CommonOptions& o) {
  for (const auto& [name, value] :
       {std::pair{"--url", &o.url},
        std::pair{"--intermediary-cipher-cert", &o.intermediary_cipher_cert},
        std::pair{"--cipher-key", &o.cipher_key}, std::pair{"--signature-key", &o.signature_key}})
    if (value->empty())
      return fail(ErrorCode::invalid_config,
                  std::string("--send-test needs ") + name + ", here or in --profile");
  if (o.intermediary_signature_cert.empty())
    return fail(ErrorCode::invalid_config,
                "--send-test needs --intermediary-signature-cert, here or in --profile");
  return {};
}

std::string content(base::Instant now) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testnachricht xmlns=\"" +
         std::string(kTestSchema) +
         "\">\n  <hinweis>TESTNACHRICHT. Dies ist kein Antrag. Bitte nicht bearbeiten; es genügt, "
         "dass sie abgeholt wurde.</hinweis>\n  <erstellt>" +
         base::format_datetime(now) + "</erstellt>\n</testnachricht>\n";
}

base::Result<client::Letter> letter(Connection& at, const TestOrder& order) {
  const auto now = at.clock().now();
  // The one that applications are enciphered for, or the test would prove another.
  const auto* current = directory::recipient_certificate(order.recipient, order.service, now);
  if (!current)
    return fail(ErrorCode::not_found,
                order.recipient.key + " has no current cipher certificate in the directory");
  client::Letter out{*current, {}, {content(now)}, {}, kTestSubject};
  const auto& own = at.session().identity().cipher.certificate.fingerprint();
  const auto* sender = order.directory.owner_of(own);
  if (!sender) {
    std::cerr << "dataclearingctl: warning: the directory does not list the certificate of "
                 "--cipher-key, so the message goes without MessageMetaData\n";
    return out;
  }
  auto header = test_metadata(sender->key, order.service, order.recipient.key, out.data[0].size(),
                              now, at.random());
  if (!header) return header.error();
  if (*header) out.headers.push_back(std::move(**header));
  return out;
}

base::Result<std::optional<mailbox::ProcessCard>> look(client::Session& session,
                                                       const std::string& message_id) {
  osci::Selection selection;
  selection.rule = osci::Selection::Rule::message_ids;
  selection.message_ids = {message_id};
  auto dialog = session.open_dialog();
  if (!dialog) return dialog.error();
  auto found = dialog->fetch_process_cards(selection);
  if (!found) return found.error();
  if (const auto done = dialog->exit(); !done) {
    // The card is there; the dialog times out at the other side.
  }
  if (found->cards.empty()) return std::optional<mailbox::ProcessCard>{};
  return std::optional(std::move(found->cards.front()));
}

void say(const char* what, base::Instant at) {
  std::cerr << "dataclearingctl: " << what << " " << base::format_datetime(at) << "\n";
}

} // namespace

void add_test_message(CLI::App& app, TestOptions& o) {
  auto* send = app.add_flag("--send-test", o.send,
                            "first send a test message to the municipality and watch it being "
                            "fetched and acknowledged");
  app.add_option("--wait", o.wait_seconds, "how many seconds to watch it")
      ->check(CLI::Range(0, 86400))
      ->needs(send)
      ->capture_default_str();
  add_common(app, o.common);
  // Needed for --send-test only, and checked there.
  for (auto* option : app.get_options())
    if (option->get_group() == "Connection and keys") option->required(false)->needs(send);
}

base::Result<directory::TestMessage> send_test_message(CLI::App& app, TestOptions& o,
                                                       const TestOrder& order) {
  if (auto done = read_profile(app, o.common); !done) return done.error();
  if (auto done = complete(o.common); !done) return done.error();
  auto connection = Connection::make(o.common);
  if (!connection) return connection.error();
  auto& at = **connection;
  const auto test = letter(at, order);
  if (!test) return test.error();
  const auto receipt = at.session().store(*test, [](const std::string& id) {
    std::cerr << "dataclearingctl: test message " << harmless(id) << " leaves\n";
  });
  if (!receipt) return receipt.error();
  directory::TestMessage out;
  out.message_id = receipt->message_id;
  out.stored = receipt->card ? receipt->card->creation : at.clock().now();
  say("stored", *out.stored);
  stop_politely();
  const auto end = at.clock().now() + std::chrono::seconds{o.wait_seconds};
  for (;;) {
    const auto card = look(at.session(), out.message_id);
    // What is known so far is worth more than the error.
    if (!card) {
      std::cerr << explain(card.error());
      return out;
    }
    if (*card) {
      if (!out.fetched && (*card)->forwarding) say("fetched", *(*card)->forwarding);
      out.fetched = (*card)->forwarding;
      out.acknowledged = (*card)->reception;
    }
    if (out.acknowledged) {
      say("acknowledged", *out.acknowledged);
      return out;
    }
    const auto left = end - at.clock().now();
    if (left.count() <= 0 || asked_to_stop()) return out;
    pause(std::min(kBetweenLooks, base::Milliseconds{left}));
  }
}

} // namespace cli::ctl
