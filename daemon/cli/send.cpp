#include "base/encoding.h"
#include "cli/commands.h"
#include "cli/durable.h"
#include "cli/files.h"
#include "cli/letter.h"
#include "cli/progress.h"
#include "cli/responsibility.h"
#include "cli/send_chunks.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/validation.h"
#include "client/chunked_store.h"
#include "directory/routing.h"
#include "lookup/file_directory.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

// Data travels inside the XML part, coded twice (4/3 each time), and peers limit that part;
// attachments do not.
constexpr std::uint64_t kMaxData = 30 * 1024 * 1024;
constexpr std::uint64_t kMaxAttachments = 1024 * 1024 * 1024;
constexpr std::uint64_t kMaxPipe = 64 * 1024 * 1024;
// No intermediary wants less than this in chunks, so nobody is asked.
constexpr std::uint64_t kSmall = 512 * 1024;

struct SendOptions {
  CommonOptions common;
  LetterOptions letter;
  ReceiverOptions receiver;
  ResponsibilityOptions responsibility;
  bool resume = false, discard = false;
  ChunkOptions chunks;
};

} // namespace

void print_receipt(const client::Receipt& receipt, const client::Letter* letter, bool json) {
  const auto* header = letter ? osci::find_metadata(letter->headers) : nullptr;
  const auto metadata = header ? describe_metadata(header->canonical) : std::nullopt;
  if (json) {
    boost::json::array feedback;
    for (const auto& entry : receipt.feedback)
      feedback.push_back({{"code", entry.code}, {"text", harmless(entry.text)}});
    boost::json::object out{{"message_id", receipt.message_id}, {"feedback", std::move(feedback)}};
    if (receipt.card) out["creation"] = base::format_datetime(receipt.card->creation);
    if (receipt.card && receipt.card->forwarding)
      out["forwarding"] = base::format_datetime(*receipt.card->forwarding);
    if (receipt.card && receipt.card->reception)
      out["reception"] = base::format_datetime(*receipt.card->reception);
    if (metadata) out["metadata"] = *metadata;
    std::cout << boost::json::serialize(out) << "\n";
    return;
  }
  std::cout << "message id  " << harmless(receipt.message_id) << "\n";
  if (receipt.card)
    std::cout << "accepted    " << base::format_datetime(receipt.card->creation) << "\n";
  if (receipt.card && receipt.card->forwarding)
    std::cout << "forwarded   " << base::format_datetime(*receipt.card->forwarding) << "\n";
  if (receipt.card && receipt.card->reception)
    std::cout << "received    " << base::format_datetime(*receipt.card->reception) << "\n";
  if (const auto* id = metadata ? metadata->if_contains("message_id") : nullptr)
    std::cout << "metadata    " << id->as_string().c_str() << "\n";
  for (const auto& entry : receipt.feedback)
    std::cout << (entry.code.starts_with('3') ? "warning     " : "feedback    ")
              << harmless(entry.code + " " + entry.text) << "\n";
}

namespace {

ExitCode send(const SendOptions& o) {
  if (o.discard) return discard_sealed(o.chunks, o.letter.files, o.common.json);
  const auto in_chunks = std::make_shared<bool>(o.resume);
  auto connection = Connection::make(o.common, progress_bar(in_chunks));
  if (!connection) return give_up(connection.error());
  if (o.resume) return resume_sending(**connection, o.common, o.chunks, o.letter.files);
  auto parcel = compose_parcel(o.letter, (*connection)->clock().now(), (*connection)->random());
  if (!parcel) return give_up(parcel.error());
  const auto receiver = receiver_uri(o.receiver, o.letter, false);
  if (!receiver) return give_up(receiver.error());
  auto& session = (*connection)->session();
  std::string message_id;
  const auto note_id = [&message_id](const std::string& id) { message_id = id; };

  // What is pushed travels in one piece: only stored deliveries are cut (11.3).
  std::optional<client::IssuedId> issued;
  if (receiver->empty() && (o.chunks.above != 0 || parcel->size >= kSmall)) {
    auto drawn = session.get_message_id();
    if (!drawn) return give_up(drawn.error());
    issued = std::move(*drawn);
    if (issued->features.chunks && parcel->size > chunk_threshold(o.chunks, issued->features)) {
      *in_chunks = true;
      return send_in_chunks(**connection, o.common, o.chunks, parcel->letter, parcel->files,
                            *issued);
    }
  }
  const auto letter = read_in(std::move(*parcel));
  if (!letter) return give_up(letter.error());
  const auto receipt =
      !receiver->empty() ? session.forward(*letter, *receiver, note_id)
      : issued ? session.store(*letter, issued->message_id, [&] { note_id(issued->message_id); })
               : session.store(*letter, note_id);
  if (!receipt) {
    const auto code = give_up(receipt.error());
    // A refusal is an answer; everything else leaves open whether the delivery is there.
    if (!message_id.empty() && code != ExitCode::refused) explain_unknown_outcome(message_id);
    return code;
  }
  print_receipt(*receipt, &*letter, o.common.json);
  return ExitCode::ok;
}

// An attachment that begins as XML does, to be judged; none: it is something else.
base::Result<std::optional<std::string>> xml_attachment(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string head(64, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  std::string_view begin = head;
  if (begin.starts_with("\xEF\xBB\xBF")) begin.remove_prefix(3);
  if (!base::trim(begin).starts_with('<')) return std::optional<std::string>();
  auto bytes = read_file(path, kMaxData);
  if (bytes) return std::optional<std::string>(std::move(*bytes));
  return bytes.error().detail.find("larger than") == std::string::npos
             ? bytes.error()
             : fail(ErrorCode::invalid_content, bytes.error().detail + "; too large to validate");
}

} // namespace

base::Result<Parcel> compose_parcel(const LetterOptions& o, base::Instant now,
                                    base::RandomSource& random) {
  if (o.files.empty() && o.attach.empty())
    return fail(ErrorCode::invalid_config, "nothing to send: name a FILE or --attach");
  // What the intermediary says to an expired certificate is the point of such a trial.
  auto to = o.even_if_expired && !o.to_cert.empty()
                ? read_certificate(o.to_cert)
                : addressee(o.to_cert, o.to, o.service, o.directory, now);
  if (!to) return to.error();
  Parcel out{{std::move(*to), {}, {}, {}, std::nullopt}, {}, 0};
  client::Letter& letter = out.letter;
  std::uint64_t data = 0;
  for (const auto& path : o.files) {
    auto bytes = read_file(path, kMaxData);
    if (!bytes)
      return bytes.error().detail.find("larger than") == std::string::npos
                 ? bytes.error()
                 : fail(ErrorCode::file_error,
                        bytes.error().detail + "; send it as attachment with --attach");
    data += bytes->size();
    letter.data.push_back(std::move(*bytes));
  }
  if (data > kMaxData)
    return fail(ErrorCode::file_error, "the files are larger than " + human_size(kMaxData) +
                                           " together; send some with --attach");
  out.size = data / 9 * 16; // base64 in base64
  if (!o.validate.empty()) {
    const auto packs = load_packs(o.validate);
    if (!packs) return packs.error();
    auto names = o.files;
    auto contents = letter.data;
    for (const auto& path : o.attach) {
      auto bytes = xml_attachment(path);
      if (!bytes) return bytes.error();
      if (!*bytes) continue;
      names.push_back(path);
      contents.push_back(std::move(**bytes));
    }
    if (const auto valid = validate_outgoing(**packs, names, contents); !valid)
      return valid.error();
  }
  std::set<std::string> taken;
  for (const auto& path : o.attach) {
    const std::string name =
        unique_name(content_id_from(std::filesystem::path(path).filename().string()), taken);
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) {
      const auto file = FileOctets::open(path);
      if (!file) return file.error();
      out.size += (*file)->size();
      out.files.push_back({name, {*file, 0, (*file)->size()}});
      continue;
    }
    auto bytes = read_file(path, kMaxPipe);
    if (!bytes) return bytes.error();
    seal::Attachment attachment;
    attachment.content_id = name;
    attachment.bytes = std::move(*bytes);
    out.size += attachment.bytes.size();
    letter.attachments.push_back(std::move(attachment));
  }
  if (!o.subject.empty()) letter.subject = o.subject;
  std::uint64_t octets = data;
  for (const auto& file : letter.attachments) octets += file.bytes.size();
  for (const auto& file : out.files) octets += file.plain.size;
  const auto reader = directory::normalise_key(o.to);
  auto header =
      metadata_header(o.metadata, o.service, reader ? *reader : std::string(), octets, now, random);
  if (!header) return header.error();
  if (*header) letter.headers.push_back(std::move(**header));
  letter.quality_of_timestamps = o.stamps;
  for (const auto& [files, certificates] :
       {std::pair(&o.readers, &letter.readers), std::pair(&o.authors, &letter.authors)})
    for (const auto& path : *files) {
      auto certificate = read_certificate(path);
      if (!certificate) return certificate.error();
      certificates->push_back(std::move(*certificate));
    }
  if (!letter.readers.empty()) letter.readers.insert(letter.readers.begin(), letter.addressee);
  return out;
}

base::Result<client::Letter> read_in(Parcel parcel) {
  if (parcel.size > kMaxAttachments)
    return fail(ErrorCode::file_error, "the attachments are larger than " +
                                           human_size(kMaxAttachments) +
                                           ", and they travel in one piece here");
  for (const auto& file : parcel.files) {
    auto bytes = base::read_range(file.plain);
    if (!bytes) return bytes.error();
    seal::Attachment attachment;
    attachment.content_id = file.content_id;
    attachment.bytes = std::move(*bytes);
    parcel.letter.attachments.push_back(std::move(attachment));
  }
  return std::move(parcel.letter);
}

base::Result<client::Letter> compose(const LetterOptions& o, base::Instant now,
                                     base::RandomSource& random) {
  auto parcel = compose_parcel(o, now, random);
  if (!parcel) return parcel.error();
  return read_in(std::move(*parcel));
}

void explain_unknown_outcome(const std::string& message_id) {
  std::cerr << "      It is not known whether the message was accepted. Before sending it again "
               "run:\n      osci card --id "
            << harmless(message_id) << "\n";
}

base::Result<crypto::Certificate> addressee(const std::string& certificate_file,
                                            const std::string& key, const std::string& service,
                                            const std::string& directory_file, base::Instant now) {
  if (certificate_file.empty() == key.empty())
    return fail(ErrorCode::invalid_config,
                "say who gets the message: either --to-cert FILE, or --to "
                "KEY with --directory FILE");
  if (!certificate_file.empty()) {
    auto certificate = read_certificate(certificate_file);
    if (!certificate) return certificate.error();
    if (!certificate->may_encipher())
      return fail(ErrorCode::key_error, certificate_file +
                                            ": must not be used for encryption; the "
                                            "addressee's cipher certificate is needed");
    if (now < certificate->not_before() || now >= certificate->not_after())
      return fail(ErrorCode::key_error, certificate_file + ": valid from " +
                                            base::format_datetime(certificate->not_before()) +
                                            " to " +
                                            base::format_datetime(certificate->not_after()) +
                                            "; get the addressee's current certificate");
    return certificate;
  }
  if (directory_file.empty()) return fail(ErrorCode::invalid_config, "--to needs --directory FILE");
  const auto directory = lookup::load_directory_file(directory_file);
  if (!directory) return directory.error();
  const auto normal = directory::normalise_key(key);
  if (!normal)
    return fail(ErrorCode::invalid_config, "--to: not an organisation key, e.g. wgb:059130000000");
  const auto* organisation = (*directory)->find(*normal);
  if (!organisation)
    return fail(ErrorCode::not_found, *normal + " is not listed in " + directory_file);
  if (!service.empty() &&
      std::none_of(organisation->services.begin(), organisation->services.end(),
                   [&](const auto& one) { return one.uri == service && one.current(now); }))
    return fail(ErrorCode::not_found, *normal + " does not offer " + service + " at present");
  const auto* current = directory::recipient_certificate(*organisation, service, now);
  if (!current)
    return fail(ErrorCode::not_found,
                *normal + " has no current cipher certificate in " + directory_file);
  return *current;
}

void add_letter(CLI::App& app, LetterOptions& o) {
  app.add_option("files", o.files, "files to send as data (XML, PDF, anything up to 30 MiB)");
  app.add_option("--attach", o.attach, "file to send as attachment; for large ones; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  auto* to_cert =
      app.add_option("--to-cert", o.to_cert, "the addressee's cipher certificate (PEM or DER)");
  app.add_option("--to", o.to, "the addressee's key in --directory, e.g. wgb:059130000000")
      ->excludes(to_cert);
  app.add_option("--service", o.service, "URI of the service that the addressee must offer");
  app.add_option("--directory", o.directory, "directory file (TOML) that --to is looked up in");
  app.add_option("--subject", o.subject,
                 "subject; the intermediary can read it, so no names of people");
  app.add_option("--reader-cert", o.readers,
                 "cipher certificate of a further reader (PEM or DER); repeat it")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--author-cert", o.authors,
                 "certificate of a further author, for the intermediary to inspect; repeat it")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("--even-if-expired", o.even_if_expired,
               "send although the certificate of --to-cert is outside its validity (for tests)");
  app.add_option("--stamps", o.stamps,
                 "time stamps for acceptance and reception: plain, or cryptographic (by a time "
                 "stamping authority)")
      ->check(CLI::IsMember({"plain", "cryptographic"}))
      ->capture_default_str();
  app.add_option("--validate", o.validate,
                 "folder of schema packs (XÖV); what is not valid by them is not sent");
  add_metadata_options(app, o.metadata);
}

void add_receiver(CLI::App& app, ReceiverOptions& o, bool required) {
  auto* receiver = app.add_option(
      "--receiver", o.uri,
      required ? "URI at which the recipient listens, as the intermediary's directory lists it"
               : "push to the recipient at this URI (ForwardDelivery) instead of storing in a "
                 "mailbox; as the intermediary's directory lists it");
  app.add_flag("--push", o.push, "the same with the first endpoint that --directory lists for --to")
      ->excludes(receiver);
}

base::Result<std::string> receiver_uri(const ReceiverOptions& o, const LetterOptions& letter,
                                       bool required) {
  if (!o.uri.empty()) return o.uri;
  if (!o.push) {
    if (required)
      return fail(ErrorCode::invalid_config,
                  "say where the recipient listens: either --receiver URI, or --push with --to KEY "
                  "and --directory FILE");
    return std::string{};
  }
  if (letter.to.empty() || letter.directory.empty())
    return fail(ErrorCode::invalid_config, "--push needs --to KEY and --directory FILE");
  const auto directory = lookup::load_directory_file(letter.directory);
  if (!directory) return directory.error();
  const auto key = directory::normalise_key(letter.to);
  const auto* organisation = key ? (*directory)->find(*key) : nullptr;
  if (!organisation || organisation->endpoints.empty())
    return fail(ErrorCode::not_found,
                (key ? *key : "--to") + " has no endpoint in " + letter.directory);
  return organisation->endpoints.front().uri;
}

Command add_send(CLI::App& app) {
  auto o = std::make_shared<SendOptions>();
  auto* sub = app.add_subcommand(
      "send", "Seal files for an addressee and store them in its mailbox, or push them to it");
  add_letter(*sub, o->letter);
  add_receiver(*sub, o->receiver, false);
  add_responsibility(*sub, o->responsibility);
  const std::string group = "Large messages";
  const auto size = [&](const char* name, std::uint64_t& value, std::uint64_t most,
                        const char* text) {
    sub->add_option(name, value, text)
        ->transform(CLI::AsSizeValue(false))
        ->check(CLI::Range(std::uint64_t{1} << 10, most))
        ->group(group);
  };
  size("--chunk-above", o->chunks.above, std::uint64_t{1} << 40,
       "send larger messages in chunks (default: what the intermediary announces, at most 30 MiB)");
  size("--chunk-size", o->chunks.chunk_size, client::kMaxChunkKib << 10,
       "size of a chunk, within what the intermediary announces (default: 4 MiB)");
  sub->add_option("--spool", o->chunks.spool,
                  "folder for sealed messages under way in chunks (default: "
                  "${XDG_STATE_HOME:-~/.local/state}/osci/outgoing)")
      ->group(group);
  sub->add_option("--processing-timeout", o->chunks.processing_seconds,
                  "seconds that the intermediary may work on a message after its last chunk")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str()
      ->group(group);
  auto* resume =
      sub->add_flag("--resume", o->resume,
                    "go on with what was interrupted: all, or the message ids that are named "
                    "instead of files")
          ->group(group);
  sub->add_flag("--discard", o->discard,
                "remove what was interrupted: the message ids that are named instead of files")
      ->excludes(resume)
      ->group(group);
  add_common(*sub, o->common);
  return {sub, [o] {
            if ((o->resume || o->discard) &&
                (!o->letter.attach.empty() || !o->receiver.uri.empty() || o->receiver.push))
              return give_up(
                  fail(ErrorCode::invalid_config,
                       "--resume and --discard are about what was sealed before; name message "
                       "ids only"));
            if (const auto chosen =
                    choose_addressee(o->responsibility, o->letter, base::SystemClock().now());
                !chosen)
              return give_up(chosen.error());
            return send(*o);
          }};
}

} // namespace cli
