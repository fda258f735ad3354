// decide() as a class: one request, one plan. Private to osci/. The parts stand in decide.cpp
// (dialog rules), orders.cpp (mailbox orders) and one file for each further kind of order.
#pragma once
#include "osci/decide.h"
#include <string_view>

namespace osci {

constexpr std::size_t kChallengeOctets = 18; // 144 bits; the reference client draws 80 (13.5)

// Results that a dialog remembers, so that an identical repeat gets the same answer (last_result).
constexpr std::string_view kRefused = "refused:", kIssued = "issued:", kFetched = "fetched:",
                           kStored = "stored", kCards = "cards", kClosed = "closed",
                           kPushed = "pushed", kUnrecorded = "unrecorded";
// Of chunk requests; the store appends '!' and a refusal's name, or the message id that was
// fetched.
constexpr std::string_view kChunk = "chunk:";

// An order-level error as last_result; the code is enough to repeat the answer.
std::string refused_result(const base::Error& error);

Plan fault(base::Error error, std::optional<std::string> close_dialog = std::nullopt);
void add_warnings(Plan& plan, const std::vector<std::string>& codes);

// A request's content as the store keeps it, and back as content of an answer.
std::vector<mailbox::Part> parts_of(const Content& content);
base::Result<Content> content_of(const std::string& context,
                                 const std::vector<mailbox::Part>& parts);

// Does what is composed with foreign Ids and namespaces open as it was composed?
// `own_certificates`: how many the draft carries of the intermediary. Error: invalid_request with
// the rule.
base::Result<> check_opens(const seal::Draft& draft, std::size_t own_certificates,
                           base::RandomSource& random);

// The cipher certificate of a message is public; who signed must be who it speaks for (13.4). Known
// to the directory: both certificates belong to one organisation, unless that lists no signature
// certificate.
bool may_act_for(const directory::Directory& directory, const crypto::Certificate& signer,
                 const crypto::Certificate& cipher);

// Would a recipient be able to open this delivery? What is accepted but cannot be read back would
// stand at the head of its mailbox for ever: Ids that our answers need too, a namespace context
// that changes the canonical form, more of something than a reader takes. So the answer to a fetch
// is composed once before the delivery is stored, read back, and compared block by block.
// Attachment octets do not matter here.
base::Result<> check_replay(const mailbox::NewDelivery& delivery,
                            const crypto::Certificate& stand_in, base::RandomSource& random);

class Decider {
 public:
  Decider(const seal::Message& message, const Situation& situation)
      : message_(message), s_(situation) {}

  Plan decide();
  // The message as what the chunks of a transfer make up.
  Plan reassembled(const mailbox::Transfer& transfer);

 private:
  Plan decide_frame();
  // Before anything else: may whoever sent this use the old algorithms that it used?
  base::Result<> check_legacy(const std::optional<crypto::Certificate>& client_cipher);
  Plan in_dialog();
  Plan implicit();
  // decode_request(), and in strict mode the schema before it, with the same error codes.
  base::Result<Request> read_request(const seal::Verified& verified) const;
  // A wrong signature changes nothing but the challenge (S7). An ExitDialog ends the dialog all the
  // same: its answer carries no challenge to go on with.
  Plan refuse_unverified(base::Error error);
  Plan repeat(const mailbox::Dialog& dialog);

  // An order-level error: Feedback in the matching answer, and the dialog's turn.
  Plan refuse(base::Error error);
  // A SOAP fault that also ends the dialog, if the request came in one.
  Plan fault_here(base::Error error);
  // What an inspection of certificates refused: a fault or an order-level error, by its code.
  Plan refuse_inspected(const base::Error& error);

  // The mailbox that a delivery for this cipher certificate goes to; nullopt: none.
  std::optional<std::string> mailbox_of(const crypto::Certificate& addressee) const;

  // Indexes the MessageMetaData of a delivery, if there is any. Error: invalid_request, where the
  // policy wants it checked and it is wrong.
  base::Result<> index_metadata(const Content& content, mailbox::NewDelivery& delivery);

  // Holds a delivery against the directory (routing.cpp): findings into the plan. Error: where the
  // policy enforces a check that has found something.
  base::Result<> check_routing(const Content& content, const crypto::Certificate& client,
                               const crypto::Certificate& addressee);

  // Detail: "agreement" and the machine codes of what is missing. None: covered, or not asked
  // about.
  std::optional<base::Error> missing_agreement(const directory::RoutingQuestion& question) const;

  // Holds what came in clear against the schemas (clear_content.cpp): findings into the plan.
  // Error: invalid_content, where the policy enforces it.
  base::Result<> check_clear_content();

  Plan execute(const Request& request, const crypto::Certificate& client);
  Plan store(const Request& request, const crypto::Certificate& client);
  Plan push(const Request& request, const crypto::Certificate& client); // push.cpp
  void fetch(const Request& request, const crypto::Certificate& client);
  void list_cards(const Request& request, const crypto::Certificate& client);

  mailbox::FetchSelection fetch_selection(const Request& request,
                                          const crypto::Certificate& client) const;
  Plan put_chunk(const Request& request, const crypto::Certificate& client);
  Plan fetch_chunk(const Request& request, const crypto::Certificate& client);
  // A refusal whose answer still tells what has been received.
  Plan refuse_chunk(base::Error error, const mailbox::TransferKey& key);
  // The identical repeat of a chunk request whose result was kChunk + `result`.
  void repeat_chunk(const Request& request, std::string_view result);

  const seal::Message& message_;
  const Situation& s_;
  ReplyFrame frame_;
  std::vector<LegacyUse> legacy_;
  std::string legacy_party_;
  Plan plan_;
};

// The answer to a chunk request from what the transfer is like.
base::Result<Answer> conclude_chunk(const Plan& plan, const base::Result<StoreOutcome>& outcome);

} // namespace osci
