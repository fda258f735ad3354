// What to send and to whom: options that send and mediate share.
#pragma once
#include "base/clock.h"
#include "base/result.h"
#include "cli/metadata.h"
#include "client/session.h"
#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace cli {

struct LetterOptions {
  std::vector<std::string> files;
  std::vector<std::string> attach;
  std::string to, to_cert, service, directory;
  std::string subject;
  std::vector<std::string> readers, authors; // certificate files
  std::string stamps = "plain";              // or "cryptographic"
  MetaDataOptions metadata;
  bool even_if_expired = false; // --to-cert may be outside its validity: for trials
  std::string validate;         // folder of schema packs that the files must be valid by
};

void add_letter(CLI::App& app, LetterOptions& options);

// A letter whose attachments may be too large for memory.
struct Parcel {
  client::Letter letter;
  // Attachments that are files; a pipe can be read only once and is in the letter.
  std::vector<client::LargeAttachment> files;
  std::uint64_t size = 0; // about that of the message
};

// Errors: those of addressee(), and invalid_config (nothing to send), file_error.
base::Result<Parcel> compose_parcel(const LetterOptions& options, base::Instant now,
                                    base::RandomSource& random);
// Everything into the letter, for a message in one piece. Error: file_error.
base::Result<client::Letter> read_in(Parcel parcel);
// Both.
base::Result<client::Letter> compose(const LetterOptions& options, base::Instant now,
                                     base::RandomSource& random);

// --receiver and --push: where the recipient listens.
struct ReceiverOptions {
  std::string uri;
  bool push = false; // the endpoint of --to in --directory
};
void add_receiver(CLI::App& app, ReceiverOptions& options, bool required);

// Empty: neither is given, which is an error where one is `required`. Errors: invalid_config,
// not_found (the directory lists no endpoint), and those of the directory file.
base::Result<std::string> receiver_uri(const ReceiverOptions& options, const LetterOptions& letter,
                                       bool required);

// After anything but a refusal it is open what became of a message whose id is known.
void explain_unknown_outcome(const std::string& message_id);

} // namespace cli
