// A passive recipient: answers what one intermediary pushes to it, AcceptDelivery and
// ProcessDelivery (wire reference 1.5, 1.6, 15.15 to 15.19). Opens no socket and writes no file:
// bytes in, bytes out; what becomes of a delivery is decided by a function of the caller.
#pragma once
#include "client/session.h"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace client {

// A delivery whose transport has proved itself: encrypted for us and signed, completely, by the
// pinned intermediary. Content is still closed.
struct Pushed {
  osci::Request request;
  seal::Message message;

  // The id on the process card; empty: a ProcessDelivery "without protocol".
  std::string message_id() const;
  // A ProcessDelivery: the original sender waits for an answer with content.
  bool wants_reply() const { return request.type == osci::MessageType::process_delivery; }
  // Whom a reply is sealed for: the original sender's cipher certificate; null: a reply cannot be
  // sent.
  const crypto::Certificate* reply_to() const;
  // Errors: those of seal::open_content.
  base::Result<seal::OpenedContent> open(const Identity& identity,
                                         const seal::ContentOptions& options,
                                         base::RandomSource& random) const;
};

// Content of the answer to a ProcessDelivery. Attachments are plain.
struct ReplyContent {
  std::vector<std::string> data;
  std::vector<seal::Attachment> attachments;
  std::optional<std::string> subject; // only with a process card; the intermediary can read it
};

// What became of a delivery, as the intermediary will hear it.
struct Verdict {
  std::string code = "0800"; // wire reference 10.2
  std::optional<ReplyContent> reply{};
};

struct RecipientOptions {
  std::string language = "de"; // of feedback, where the sender wants none that there is
  bool allow_clear =
      false; // take requests that are not encrypted; they must be signed all the same
  crypto::DigestAlgorithm digest = crypto::DigestAlgorithm::sha256;
  seal::OpenOptions open; // limits and legacy algorithms; the direction is set here
  seal::ContentOptions content;
};

// Immutable; answer() may be called on any thread, by several at once.
class Recipient {
 public:
  // Called once for each request that is what it should be, and before it is answered: with a
  // positive verdict the delivery must be on stable storage. May be called again for the same
  // delivery, when the answer got lost on the way.
  using Deliver = std::function<Verdict(const Pushed&)>;

  struct Answered {
    unsigned status = 200; // 413: larger than the limits; without body
    std::string body;      // OSCI answer or SOAP fault
    std::string code;      // its feedback or fault code; empty with status 413
    // For the log: why the request was refused or the reply could not be sealed. A negative verdict
    // of the caller is not repeated here.
    std::optional<base::Error> refused{};
  };

  // `intermediary.cipher`: for answers that say no more than that the signature is missing or
  // wrong. All others are encrypted for the certificate that the request names (5.2). Borrowed:
  // random.
  Recipient(Identity identity, Intermediary intermediary, RecipientOptions options,
            base::RandomSource& random);

  // Always answers (10.6): a fault for what is no request to a passive recipient, a refusal in the
  // matching answer (9600 to 9602, 9700) for what is not signed by the pinned intermediary, else
  // what `deliver` says. What `deliver` throws is thrown.
  Answered answer(std::string_view body, std::string_view content_type,
                  const Deliver& deliver) const;

  const Identity& identity() const { return identity_; }
  const RecipientOptions& options() const { return options_; }

 private:
  Answered closed(osci::Answer answer, const seal::Message& message, const osci::ReplyFrame& frame,
                  const crypto::Certificate& encrypt_for, std::optional<base::Error> refused) const;
  base::Result<> add_reply(const Pushed& pushed, const ReplyContent& reply,
                           osci::Answer& answer) const;

  Identity identity_;
  Intermediary intermediary_;
  RecipientOptions options_;
  std::vector<crypto::KeyPair> keys_;
  base::RandomSource& random_;
};

} // namespace client
