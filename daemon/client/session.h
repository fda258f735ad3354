// The client side of OSCI 1.2: senders store, forward and mediate, readers fetch, both read process
// cards (wire reference 1.4 to 1.6, 7). Every answer is checked before a word of it is believed:
// encrypted if the request was, signed by the pinned intermediary, and the answer to this very
// request.
#pragma once
#include "base/clock.h"
#include "base/octets.h"
#include "base/random.h"
#include "base/result.h"
#include "client/transport.h"
#include "crypto/keys.h"
#include "osci/message.h"
#include "seal/content.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace client {

// Own keys. The cipher certificate names the mailbox and gets the answers; the signature key signs
// requests and, as author, content.
struct Identity {
  crypto::KeyPair cipher;
  crypto::KeyPair signature;
  // Earlier cipher keys: content may still be encrypted for them.
  std::vector<crypto::KeyPair> old_ciphers;
};

// The peer, known out of band. More than one signature certificate during its rollover.
struct Intermediary {
  crypto::Certificate cipher;
  std::vector<crypto::Certificate> signatures;
};

// When the connection breaks, the very same bytes are sent again: an intermediary gives an
// identical repeat the answer it gave before, and anything else would be a second order (wire
// reference 3.4, 7.2).
struct Retry {
  int attempts = 5; // all in all
  base::Milliseconds first_wait{500};
  base::Milliseconds longest_wait{15'000};
};

struct Options {
  std::vector<std::string> languages{"de", "en"};
  Retry retry;
  bool encrypt = true; // requests; an answer to a clear request may be clear or encrypted
  crypto::Cipher cipher = crypto::Cipher::aes256_gcm;
  std::size_t iv_length = 12;
  crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256;
  seal::OpenOptions open;       // limits and legacy algorithms of answers; direction is set here
  seal::ContentOptions content; // the same for content
};

// What a sender hands over. The subject, the certificates, and the names and media types of
// attachments can be read by the intermediary; data and attachment bytes only by the readers.
struct Letter {
  crypto::Certificate addressee;            // cipher certificate: names the mailbox
  std::vector<crypto::Certificate> readers; // empty: the addressee
  std::vector<std::string> data;
  std::vector<seal::Attachment> attachments; // plain
  std::optional<std::string> subject;
  // Of further authors of the data: the intermediary inspects them (OtherAuthor, cipher or
  // signature by their key usage).
  std::vector<crypto::Certificate> authors{};
  std::string quality_of_timestamps = "plain"; // of Creation and Reception; or "cryptographic"
  // Canonical, e.g. MessageMetaData; the intermediary can read them.
  std::vector<osci::CustomHeader> headers{};
};

// An attachment that is too large for memory; as Letter::attachments otherwise.
struct LargeAttachment {
  std::string content_id;
  base::OctetRange plain;
};

// A letter sealed ahead of its message id: sealing does not need one, and is most of a sender's
// work. Good for one message.
class SealedLetter {
 public:
  SealedLetter(SealedLetter&&) noexcept = default;
  SealedLetter& operator=(SealedLetter&&) noexcept = default;
  std::uint64_t octets() const; // about what it takes in memory

 private:
  friend class Session;
  explicit SealedLetter(osci::Request request) : request_(std::move(request)) {}
  osci::Request request_; // a StoreDelivery without message id
};

struct IssuedId {
  std::string message_id;
  osci::Features features;
  crypto::Certificate intermediary; // the pinned certificate that signed the answer
};

struct Receipt {
  std::string message_id;
  std::vector<osci::FeedbackEntry> feedback;
  std::optional<mailbox::ProcessCard> card;
};

// One fetched delivery, transport verified. Content is still closed.
struct Delivery {
  osci::Answer answer;
  seal::Message message;
  // The text of the message, if it came in chunks; message.plain() is empty then. It is clear and
  // may be unsigned: every chunk of it was signed by the intermediary (11.7).
  base::OctetRange stored{};

  // The id that the intermediary's process card attests; empty: no card.
  std::string message_id() const;
  // Decrypts with `identity` and verifies authors' signatures. A delivery without content opens as
  // empty. Errors: those of seal::open_content.
  base::Result<seal::OpenedContent> open(const Identity& identity, const Options& options,
                                         base::RandomSource& random) const;
};

// What a MediateDelivery brought back, transport verified; also of a refused order, because its
// cards tell how far it came. Content is still closed.
struct Mediated {
  std::string message_id; // of the request; empty: without protocol
  osci::Answer answer;
  seal::Message message;

  bool executed() const { return answer.executed(); }
  const mailbox::ProcessCard* request_card() const; // null: none
  const mailbox::ProcessCard* reply_card() const;
  bool has_reply() const { return answer.content.has_value(); }
  // As Delivery::open.
  base::Result<seal::OpenedContent> open(const Identity& identity, const Options& options,
                                         base::RandomSource& random) const;
};

struct Cards {
  std::vector<mailbox::ProcessCard> cards;
  bool more = false; // feedback 3801
};

// Errors of every request: network, timed_out, overloaded (after all attempts); peer_fault (detail
// "9400 text": a SOAP fault or a refused order); unknown_cipher_certificate, undecryptable,
// encryption_required, signature_missing, signature_wrong, signature_incomplete, control_block,
// malformed_message, duplicate_id, too_large (an answer that must not be believed); key_error.
class Session {
  struct Answered {
    osci::Answer answer;
    seal::Message message;
  };

 public:
  // Borrowed until the session ends: transport, random. `pause` waits between attempts.
  Session(Transport& transport, Identity identity, Intermediary intermediary, Options options,
          base::RandomSource& random, std::function<void(base::Milliseconds)> pause);

  // Implicit dialogs (wire reference 1.3).
  base::Result<IssuedId> get_message_id();
  // Content is sealed once. `on_message_id` hears the id when the message is ready to leave: when
  // the outcome stays unknown, the process card of that id tells it.
  base::Result<Receipt> store(const Letter& letter,
                              const std::function<void(const std::string&)>& on_message_id = {});

  // Under an id that was drawn before. `on_sending` is called when the message is ready to leave;
  // until then it is certain that nothing was accepted.
  base::Result<Receipt> store(const Letter& letter, const std::string& message_id,
                              const std::function<void()>& on_sending = {});
  base::Result<SealedLetter> seal(const Letter& letter);
  // As above.
  base::Result<Receipt> store(SealedLetter letter, const std::string& message_id,
                              const std::function<void()>& on_sending = {});
  // The StoreDelivery of `letter` for a chunked transfer (11.3): clear, unsigned, of an implicit
  // dialog; its content sealed as always. Further errors: those of `out`, and of the sources.
  base::Result<> write_delivery(const Letter& letter, const std::vector<LargeAttachment>& large,
                                const std::string& message_id, const base::OctetSink& out);

  // The same by push: the intermediary hands the delivery to the recipient at `receiver`, a URI
  // that its directory lists for the addressee, and answers when it knows what became of it (wire
  // reference 1.5). 9810 as refusal: the recipient has it all the same.
  base::Result<Receipt> forward(const Letter& letter, const std::string& receiver,
                                const std::function<void(const std::string&)>& on_message_id = {});

  // An explicit dialog. Any request in it acknowledges the delivery fetched before (8.6), so
  // leaving it without a further request, which is all the destructor does, leaves that delivery
  // unreceived. After the first error other than a refused order the dialog is dead: it sends
  // nothing more, ExitDialog included, because a client that could not read an answer must not
  // acknowledge it (7.4).
  class Dialog {
   public:
    Dialog(Dialog&&) noexcept = default;
    Dialog& operator=(Dialog&&) noexcept = default;

    // A sender's dialog: as get_message_id and store of the session, in one conversation.
    base::Result<IssuedId> get_message_id();
    base::Result<Receipt> store(SealedLetter letter, const std::string& message_id,
                                const std::function<void()>& on_sending = {});
    // nullopt: nothing matches (9803).
    base::Result<std::optional<Delivery>> fetch(const osci::Selection& selection);
    base::Result<Cards> fetch_process_cards(const osci::Selection& selection);
    // Request and response through the intermediary (wire reference 1.6). Without protocol: no
    // message id, no process cards; then nothing tells later what became of it. A reply is
    // acknowledged by the next request of the dialog, as a fetched delivery is.
    base::Result<Mediated>
    mediate(const Letter& letter, const std::string& receiver, bool with_protocol,
            const std::function<void(const std::string&)>& on_message_id = {});
    // One message of a chunked transfer each (11.3, 11.7); ChunkedStore and ChunkedFetch know what
    // to make of them. Answers come as they are, also those that refuse. `message_id` without
    // suffix; no `chunk`: InfoOnly.
    base::Result<osci::Answer> store_chunk(const std::string& message_id,
                                           const crypto::Certificate& addressee,
                                           const std::optional<osci::ChunkInformation>& chunk,
                                           std::string bytes);
    // The answer is of type PartialFetchDelivery or, whole, of type FetchDelivery.
    base::Result<Delivery> fetch_chunk(const osci::Selection& selection,
                                       const osci::ChunkInformation& chunk);
    // As announced in the answer to InitDialog.
    const osci::Features& features() const { return features_; }
    // Acknowledges and ends the dialog.
    base::Result<> exit();
    // No request will leave any more.
    void drop() { alive_ = false; }
    bool alive() const { return alive_; }

   private:
    friend class Session;
    explicit Dialog(Session& session) : session_(&session) {}
    base::Result<Answered> exchange(osci::Request request,
                                    const std::function<void()>& on_sending = {});

    Session* session_;
    std::string conversation_id_;
    std::string challenge_; // S_n of the last answer
    osci::Features features_;
    std::uint32_t sequence_ = 0;
    bool alive_ = true;
  };
  base::Result<Dialog> open_dialog();

  // The body of the last answer as it came from the wire, also when it could not be read.
  const std::string& last_answer() const { return last_answer_; }
  const Identity& identity() const { return identity_; }
  const Options& options() const { return options_; }
  const Intermediary& intermediary() const { return intermediary_; }
  void pause(base::Milliseconds duration) const { pause_(duration); }

 private:
  osci::Request new_request(osci::MessageType type) const;
  seal::SignWith signing() const;
  seal::EncryptContent encrypting(const Letter& letter) const;
  // Seals the letter into a request that carries a delivery, and names addressee and readers.
  base::Result<> seal_letter(const Letter& letter, osci::Request& request,
                             std::vector<seal::MeasuredAttachment> measured = {});
  // Of an implicit dialog.
  base::Result<Receipt> store_as(osci::Request request, std::string message_id,
                                 const std::function<void()>& on_sending);
  base::Result<Receipt> submit(osci::Request request, const Letter& letter,
                               const std::function<void(const std::string&)>& on_message_id);
  base::Result<Reply> post(const std::string& body);
  base::Result<Answered> exchange(const osci::Request& request,
                                  const std::function<void()>& on_sending = {});

  Transport& transport_;
  Identity identity_;
  Intermediary intermediary_;
  Options options_;
  base::RandomSource& random_;
  std::function<void(base::Milliseconds)> pause_;
  std::string last_answer_;
};

// An entry of NonIntermediaryCertificates with the Id that the reference client gives it.
osci::RoleCertificate role_certificate(const std::string& role, const std::string& id_role,
                                       const crypto::Certificate& certificate);

// Content of any message that carries a delivery, decrypted with `identity`, its authors'
// signatures verified. A message without content opens as empty.
base::Result<seal::OpenedContent>
open_delivered(const seal::Message& message, const std::vector<osci::RoleCertificate>& certificates,
               const Identity& identity, const seal::ContentOptions& options,
               base::RandomSource& random, bool signature_required = true);

// Whether `certificate` is one that answers must be signed with.
bool pinned(const Intermediary& intermediary, const crypto::Certificate& certificate);
// Whether the peer may be there again, with its state: a broken connection, a lost dialog (fault
// 9400), a fault of its own (9000).
bool interrupted(const base::Error& error);
// The overall result of an answer as an error: "9801 text".
base::Error refusal(const std::vector<osci::FeedbackEntry>& feedback);

} // namespace client
