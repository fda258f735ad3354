#include "base/encoding.h"
#include "cli/commands.h"
#include "cli/metadata.h"
#include "cli/settings.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <iomanip>
#include <iostream>
#include <memory>

namespace cli {

using base::ErrorCode;
using base::fail;
using osci::Selection;

namespace {

struct CardOptions {
  CommonOptions common;
  std::vector<std::string> id;
  std::string since, modified_since, role, kept;
  bool no_reception = false;
  std::uint32_t limit = 0;
};

std::string_view name(mailbox::MathResult value) {
  switch (value) {
  case mailbox::MathResult::ok:
    return "ok";
  case mailbox::MathResult::corrupted:
    return "corrupted";
  case mailbox::MathResult::indeterminate:
    break;
  }
  return "indeterminate";
}

std::string_view name(mailbox::OfflineResult value) {
  switch (value) {
  case mailbox::OfflineResult::valid:
    return "valid";
  case mailbox::OfflineResult::invalid:
    return "invalid";
  case mailbox::OfflineResult::indeterminate:
    break;
  }
  return "indeterminate";
}

boost::json::value to_json(const std::optional<mailbox::OnlineResult>& online) {
  if (!online) return nullptr;
  boost::json::object out{{"result", online->revoked ? "revoked" : "ok"}};
  out["ocsp"] = online->ocsp.empty() ? boost::json::value(nullptr)
                                     : boost::json::value(base::base64_encode_line(online->ocsp));
  out["crl"] = online->crl ? boost::json::value(base::format_datetime(*online->crl))
                           : boost::json::value(nullptr);
  return out;
}

boost::json::value token_json(const std::string& token) {
  return token.empty() ? boost::json::value(nullptr)
                       : boost::json::value(base::base64_encode_line(token));
}

boost::json::object to_json(const mailbox::ProcessCard& card, const std::string& kept) {
  const auto time = [](const std::optional<base::Instant>& at) {
    return at ? boost::json::value(base::format_datetime(*at)) : boost::json::value(nullptr);
  };
  boost::json::array inspections;
  for (const auto& one : card.inspections)
    inspections.push_back({{"subject", harmless(one.subject)},
                           {"issuer", harmless(one.issuer)},
                           {"serial", harmless(one.serial)},
                           {"math", name(one.math)},
                           {"offline", name(one.offline)},
                           {"online", to_json(one.online)}});
  boost::json::object out{{"message_id", card.message_id},
                          {"creation", base::format_datetime(card.creation)},
                          {"forwarding", time(card.forwarding)},
                          {"reception", time(card.reception)},
                          {"modification", base::format_datetime(card.modification)},
                          {"creation_token", token_json(card.creation_token)},
                          {"reception_token", token_json(card.reception_token)},
                          {"inspections", std::move(inspections)}};
  out["subject"] = card.subject ? boost::json::value(*card.subject) : boost::json::value(nullptr);
  if (auto metadata = kept.empty() ? std::nullopt : kept_metadata(kept, card.message_id))
    out["metadata"] = std::move(*metadata);
  return out;
}

// "  service URI, message type CODE, ..." below a card.
void print_metadata(const boost::json::object& metadata) {
  std::cout << " ";
  for (const char* name : {"service", "message_type", "author", "reader", "message_id"}) {
    const auto* value = metadata.if_contains(name);
    if (value && value->is_object()) value = value->as_object().if_contains("code");
    if (value && value->is_string())
      std::cout << " " << name << "=" << harmless(std::string_view(value->as_string()));
  }
  std::cout << "\n";
}

void print_table(const std::vector<mailbox::ProcessCard>& cards, const std::string& kept) {
  std::size_t width = 10;
  for (const auto& card : cards) width = std::max(width, card.message_id.size());
  width = std::min<std::size_t>(width, 48);
  const auto row = [width](const std::string& id, const std::string& created,
                           const std::string& forwarded, const std::string& received,
                           const std::string& subject) {
    std::cout << std::left << std::setw(static_cast<int>(width)) << id << "  " << std::setw(24)
              << created << "  " << std::setw(24) << forwarded << "  " << std::setw(24) << received
              << "  " << subject << "\n";
  };
  const auto time = [](const std::optional<base::Instant>& at) {
    return at ? base::format_datetime(*at) : std::string("-");
  };
  row("MESSAGE ID", "CREATED", "FORWARDED", "RECEIVED", "SUBJECT");
  for (const auto& card : cards) {
    row(harmless(card.message_id), base::format_datetime(card.creation), time(card.forwarding),
        time(card.reception), harmless(card.subject.value_or("")));
    if (const auto metadata = kept.empty() ? std::nullopt : kept_metadata(kept, card.message_id))
      print_metadata(*metadata);
  }
}

// What the table has no room for.
void print_details(const mailbox::ProcessCard& card) {
  std::cout << "\n" << harmless(card.message_id) << "\n";
  if (!card.creation_token.empty())
    std::cout << "  creation is attested by a time stamping authority\n";
  if (!card.reception_token.empty())
    std::cout << "  reception is attested by a time stamping authority\n";
  for (const auto& one : card.inspections) {
    std::cout << "  math " << std::left << std::setw(13) << name(one.math) << "  offline "
              << std::setw(13) << name(one.offline) << "  online " << std::setw(20);
    if (!one.online)
      std::cout << "-";
    else
      std::cout << std::string(one.online->revoked ? "revoked" : "ok") +
                       (!one.online->ocsp.empty() ? " (OCSP)"
                        : one.online->crl         ? " (CRL)"
                                                  : "");
    std::cout << "  " << harmless(one.subject) << "\n";
  }
}

base::Result<Selection> selection_from(const CardOptions& o) {
  Selection out;
  if (o.limit) out.limit = o.limit;
  const bool dated = !o.since.empty() || !o.modified_since.empty();
  if (!o.id.empty()) {
    if (o.no_reception || !o.role.empty())
      return fail(ErrorCode::invalid_config, "--id goes with neither --role nor --no-reception");
    out.rule = Selection::Rule::message_ids;
    out.message_ids = o.id;
    return out;
  }
  // The protocol knows --role and --no-reception beside a date only (wire reference 9.2).
  if (!dated && !o.no_reception && o.role.empty()) return out;
  out.rule = o.modified_since.empty() ? Selection::Rule::reception_of_delivery
                                      : Selection::Rule::recent_modification;
  const std::string& text = o.modified_since.empty() ? o.since : o.modified_since;
  const auto since =
      text.empty() ? base::Result<base::Instant>(base::Instant{}) : parse_since(text);
  if (!since) return since.error();
  out.since = *since;
  out.since_text = base::format_datetime(*since);
  out.no_reception = o.no_reception;
  if (o.role == "addressee") out.role = Selection::Role::addressee;
  if (o.role == "originator") out.role = Selection::Role::originator;
  return out;
}

ExitCode card(const CardOptions& o) {
  const auto selection = selection_from(o);
  if (!selection) return give_up(selection.error());
  auto connection = Connection::make(o.common);
  if (!connection) return give_up(connection.error());
  auto dialog = (*connection)->session().open_dialog();
  if (!dialog) return give_up(dialog.error());
  const auto found = dialog->fetch_process_cards(*selection);
  if (!found) return give_up(found.error());
  // The cards are there; a dialog that does not end properly just times out at the other side.
  if (const auto done = dialog->exit(); !done)
    std::cerr << "osci: warning: the dialog could not be ended properly\n";
  if (o.common.json) {
    boost::json::array cards;
    for (const auto& one : found->cards) cards.push_back(to_json(one, o.kept));
    std::cout << boost::json::serialize(
                     boost::json::object{{"cards", std::move(cards)}, {"more", found->more}})
              << "\n";
  } else if (!found->cards.empty()) {
    print_table(found->cards, o.kept);
    if (!o.id.empty())
      for (const auto& one : found->cards) print_details(one);
    if (found->more)
      std::cerr << "osci: there are more; go on with --since and the last time shown\n";
  }
  if (!found->cards.empty()) return ExitCode::ok;
  if (!o.common.json) std::cerr << "osci: no process card matches\n";
  return ExitCode::not_found;
}

} // namespace

base::Result<base::Instant> parse_since(const std::string& text) {
  const auto at = base::parse_datetime(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!at)
    return fail(ErrorCode::invalid_config,
                "not a time: write 2026-01-31, or 2026-01-31T08:00:00+01:00 with a time zone");
  return at;
}

Command add_card(CLI::App& app) {
  auto o = std::make_shared<CardOptions>();
  auto* sub =
      app.add_subcommand("card", "Show process cards (Laufzettel): what was accepted, fetched, "
                                 "received when");
  auto* id =
      sub->add_option("--id", o->id, "message id; repeat it")->allow_extra_args(false)->take_all();
  auto* since =
      sub->add_option("--since", o->since, "accepted at or after this time")->excludes(id);
  sub->add_option("--modified-since", o->modified_since, "changed at or after this time")
      ->excludes(id)
      ->excludes(since);
  sub->add_option("--role", o->role, "addressee (to us) or originator (from us); default both")
      ->check(CLI::IsMember({"addressee", "originator"}));
  sub->add_flag("--no-reception", o->no_reception, "only what has not been received yet");
  sub->add_option("--limit", o->limit, "at most so many")->check(CLI::Range(1, 1000000));
  sub->add_option(
      "--kept", o->kept,
      "folder of osci fetch: shows MessageMetaData of what was fetched into it; process "
      "cards themselves do not carry any");
  add_common(*sub, o->common);
  return {sub, [o] { return card(*o); }};
}

} // namespace cli
