// Chunked transfer (wire reference 11). Offered when FeatureDescription says so.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/chunking.h"
#include "cli/conformance/tamper.h"
#include "mime/message.h"
#include <algorithm>

namespace cli::conformance {

using osci::MessageType;

osci::ChunkLimits chunk_limits(Bench& b) {
  const auto& features = b.features();
  if (!features.keys.contains("PartialMessageTransmission"))
    throw NotOffered("PartialMessageTransmission is not announced");
  return features.chunks.value_or(osci::ChunkLimits{1, 1024, 1024 * 1024, 0});
}

std::uint64_t chunk_kib(const osci::ChunkLimits& limits) {
  const auto out = std::max<std::uint64_t>(limits.min_chunk, 16);
  return limits.max_chunk > 0 ? std::min(out, limits.max_chunk) : out;
}

Transfer transfer_of(Bench& b, osci::Request delivery, std::uint32_t chunks, bool signed_inside) {
  Transfer out;
  out.chunk = chunk_kib(chunk_limits(b));
  out.id = delivery.message_id.value_or("");
  out.octets = b.random().bytes((chunks - 1) * out.chunk * kKiB);
  delivery.content.attachments = {{"gross.bin", "application/octet-stream", "", out.octets, false}};
  out.inner = b.seal(b.sender(), delivery, signed_inside, false);
  out.total =
      static_cast<std::uint32_t>((out.inner.size() + out.chunk * kKiB - 1) / (out.chunk * kKiB));
  return out;
}

Transfer transfer(Bench& b, std::uint32_t chunks) {
  chunk_limits(b);
  return transfer_of(b, b.delivery("in Paketen"), chunks);
}

osci::Request partial(Bench& b, const Dialog& dialog, const Transfer& t, std::uint32_t number) {
  auto out = dialog.next(MessageType::partial_store_delivery);
  out.certificates.push_back(
      role("CipherCertificateAddressee", "addressee_cipher", b.recipient().cipher.certificate));
  out.message_id = t.id + std::string(osci::kPartialSuffix);
  out.subject = std::string(kSubject);
  out.chunk = osci::ChunkInformation{number, t.chunk, std::nullopt, t.total, t.total_size()};
  if (number >= 1 && number <= t.total)
    out.content.attachments = {{std::string(osci::kChunkContentId), "application/octet-stream", "",
                                t.piece(number), false}};
  else
    out.content.attachments = {
        {std::string(osci::kChunkContentId), "application/octet-stream", "", t.piece(1), false}};
  return out;
}

osci::Request info_only(Bench& b, const Dialog& dialog, const Transfer& t) {
  auto out = partial(b, dialog, t, 1);
  out.chunk.reset();
  out.info_only = true;
  out.content.attachments.clear();
  return out;
}

std::set<std::uint32_t> received(const Heard& heard) {
  expect(heard.answer.chunk && heard.answer.chunk->received, "no ReceivedChunks");
  return {heard.answer.chunk->received->begin(), heard.answer.chunk->received->end()};
}

std::string inside(const Heard& heard) {
  return heard.answer.inside_feedback.empty() ? "none" : heard.answer.inside_feedback.front().code;
}

Heard stored(Dialog& dialog, const osci::Request& request) {
  auto heard = dialog.send(request);
  expect(heard.code == "0801",
         "chunk " + std::to_string(request.chunk ? request.chunk->number.value_or(0) : 0) + ": " +
             heard.codes());
  return heard;
}

Heard store_all(Bench& b, Dialog& dialog, const Transfer& t, std::vector<std::uint32_t> order) {
  std::set<std::uint32_t> sent;
  Heard last;
  for (const auto number : order) {
    last = stored(dialog, partial(b, dialog, t, number));
    sent.insert(number);
    expect(received(last) == sent, "ReceivedChunks is not what was sent");
    if (sent.size() < t.total)
      expect(inside(last) == "none", "InsideFeedback before the last chunk");
  }
  return last;
}

osci::Request partial_fetch(const Dialog& dialog, const std::string& id, std::uint32_t number,
                            std::uint64_t chunk, std::vector<std::uint32_t> have) {
  auto out = by_ids(dialog.next(MessageType::partial_fetch_delivery), {id});
  out.chunk = osci::ChunkInformation{number, chunk, std::move(have), std::nullopt, std::nullopt};
  return out;
}

namespace {

void add(std::vector<Case>& out, const char* name, const char* section, const char* title,
         const char* expected, std::function<std::string(Bench&)> run) {
  out.push_back({"chunks", name, section, title, expected, std::move(run)});
}

void add_storing(std::vector<Case>& out) {
  const auto complete = [](Bench& b, std::vector<std::uint32_t> order) {
    const auto t = transfer(b);
    if (t.total != 3) throw std::runtime_error("not three chunks");
    auto& dialog = b.dialog(b.sender());
    const auto last = store_all(b, dialog, t, std::move(order));
    expect(code_fits(inside(last), "0800 or 0801"), "InsideFeedback " + inside(last));
    expect(last.answer.cards.size() == 1 && last.answer.cards[0].message_id == t.id,
           "no process card of the whole delivery");
    const auto heard = b.dialog(b.recipient()).fetch(t.id);
    expect(heard.code == "0801" && heard.answer.content &&
               heard.answer.content->attachments.size() == 1,
           "fetch: " + heard.codes());
    expect(t.inner.find(heard.answer.content->attachments[0].bytes) != std::string::npos,
           "other octets");
    return std::string("InsideFeedback ") + inside(last);
  };
  add(out, "store-in-order", "11.3, 11.4, 11.6, 14.11 E3",
      "Three chunks in order become one delivery.", "InsideFeedback 0800", [complete](Bench& b) {
        return complete(b, {1, 2, 3});
      });
  add(out, "store-in-any-order", "11.4, 14.11 E2, 17.3",
      "Three chunks in another order become the same delivery.", "InsideFeedback 0800",
      [complete](Bench& b) {
        return complete(b, {3, 1, 2});
      });
  add(out, "store-over-dialogs", "11.4", "Chunks of one transfer may come in different dialogs.",
      "InsideFeedback 0800", [](Bench& b) {
        const auto t = transfer(b, 2);
        auto& one = b.dialog(b.sender());
        stored(one, partial(b, one, t, 1));
        one.exit();
        auto& two = b.dialog(b.sender());
        const auto last = stored(two, partial(b, two, t, 2));
        expect(code_fits(inside(last), "0800 or 0801"), "InsideFeedback " + inside(last));
        return "InsideFeedback " + inside(last);
      });
  add(out, "nothing-before-complete", "11.4, 14.6 I5", "An incomplete transfer is no delivery.",
      "9803, 9804", [](Bench& b) {
        const auto t = transfer(b);
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        stored(dialog, partial(b, dialog, t, 3));
        expect(!b.card(t.id, b.recipient()), "a process card for the recipient");
        return expect_code(b.dialog(b.recipient()).fetch(t.id), "9803") + ", 9804";
      });
  add(out, "info-only", "11.3, 11.6", "InfoOnly tells which chunks are there, without sending one.",
      "1 3", [](Bench& b) {
        const auto t = transfer(b);
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        stored(dialog, partial(b, dialog, t, 3));
        const auto heard = stored(dialog, info_only(b, dialog, t));
        expect(received(heard) == std::set<std::uint32_t>{1, 3}, "other chunks");
        return std::string("1 3");
      });
  add(out, "info-only-of-nothing", "11.2, 14.11 E2", "InfoOnly before any chunk: no chunks, -1.",
      "none", [](Bench& b) {
        const auto t = transfer(b);
        auto& dialog = b.dialog(b.sender());
        const auto heard = dialog.send(info_only(b, dialog, t));
        if (heard.answer.executed())
          expect(received(heard).empty(), "chunks that were never sent");
        else
          expect_code(heard, "9801 or 9905");
        return std::string("none");
      });
  add(out, "duplicate", "11.4, 10.2, 17.3", "A chunk delivered twice.", "9900", [](Bench& b) {
    const auto t = transfer(b);
    auto& dialog = b.dialog(b.sender());
    stored(dialog, partial(b, dialog, t, 1));
    const auto heard = dialog.send(partial(b, dialog, t, 1));
    expect(received(heard) == std::set<std::uint32_t>{1}, "ReceivedChunks is not told");
    return expect_code(heard, "9900");
  });
  const auto refused = [&](const char* name, const char* code, const char* title,
                           std::function<void(Bench&, osci::Request&, const Transfer&)> change,
                           bool after_first) {
    add(out, name, "11.4, 10.2, 14.11 E2", title, code,
        [change = std::move(change), code = std::string(code), after_first](Bench& b) {
          const auto t = transfer(b);
          auto& dialog = b.dialog(b.sender());
          if (after_first) stored(dialog, partial(b, dialog, t, 1));
          auto request = partial(b, dialog, t, after_first ? 2 : 1);
          change(b, request, t);
          return expect_code(dialog.send(request), code);
        });
  };
  refused(
      "number-zero", "9901 or 9300", "Chunk number 0.",
      [](Bench&, auto& r, auto&) { r.chunk->number = 0; }, false);
  refused(
      "number-beyond", "9901", "A chunk number beyond the total.",
      [](Bench&, auto& r, const Transfer& t) { r.chunk->number = t.total + 1; }, false);
  refused(
      "other-total", "9905", "Another total of chunks than the first one said.",
      [](Bench&, auto& r, const Transfer& t) { r.chunk->total_numbers = t.total + 1; }, true);
  refused(
      "other-size", "9905", "Another total size than the first one said.",
      [](Bench&, auto& r, const Transfer& t) { r.chunk->total_size = t.total_size() + 5; }, true);
  refused(
      "chunk-too-large", "9902 or 9905", "A chunk above MaxChunkSize.",
      [](Bench& b, auto& r, auto&) {
        const auto allowed = chunk_limits(b);
        if (allowed.max_chunk == 0 || allowed.max_chunk > 16 * 1024)
          throw NotRun("MaxChunkSize is none or above 16 MiB");
        r.chunk->size = allowed.max_chunk + 1;
        r.content.attachments[0].bytes = std::string((allowed.max_chunk + 1) * kKiB, 'x');
      },
      false);
  refused(
      "chunk-too-small", "9903 or 9905", "A chunk below MinChunkSize that is not the last.",
      [](Bench& b, auto& r, auto&) {
        if (chunk_limits(b).min_chunk < 2) throw NotRun("MinChunkSize is 1 KiB or less");
        r.chunk->size = 1;
        r.content.attachments[0].bytes = std::string(kKiB, 'x');
      },
      false);
  refused(
      "message-too-large", "9904", "A total size above MaxMessageSize.",
      [](Bench& b, auto& r, auto&) {
        const auto allowed = chunk_limits(b);
        if (allowed.max_message == 0) throw NotRun("MaxMessageSize is not announced");
        r.chunk->total_size = allowed.max_message + 1;
        r.chunk->total_numbers =
            static_cast<std::uint32_t>(allowed.max_message / *r.chunk->size + 1);
      },
      false);
  refused(
      "id-without-suffix", "9801 or 9905 or 9300", "A chunk under the bare id, without _Partial.",
      [](Bench&, auto& r, const Transfer& t) { r.message_id = t.id; }, false);
  refused(
      "id-invented", "9801", "A chunk under an id that was never issued.",
      [](Bench&, auto& r, auto&) { r.message_id = "never-issued_Partial"; }, false);
  refused(
      "id-missing", "9800 or 9300", "A chunk without MessageId.",
      [](Bench&, auto& r, auto&) { r.message_id.reset(); }, false);
  add(out, "id-used-up", "8.2, 11.3, 14.6 I2",
      "After the transfer its id is used: a StoreDelivery under it is refused.", "9801",
      [](Bench& b) {
        const auto t = transfer(b, 2);
        auto& dialog = b.dialog(b.sender());
        store_all(b, dialog, t, {1, 2});
        return expect_code(b.ask(b.sender(), b.delivery_of(b.sender(), t.id, "zwei")), "9801");
      });
  add(out, "inner-garbage", "11.4, 11.6",
      "Chunks that make no message: the error stands in InsideFeedback or Feedback.", "an error",
      [](Bench& b) {
        auto t = transfer(b, 2);
        t.inner = b.random().bytes(t.inner.size());
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        const auto heard = dialog.send(partial(b, dialog, t, 2));
        expect(!b.card(t.id, b.recipient()), "it became a delivery");
        const bool told = heard.fault || !heard.answer.executed() || heard.says("3950") ||
                          heard.says("9950") || inside(heard).starts_with('9');
        expect(told, "no error: " + heard.codes() + ", inside " + inside(heard));
        return heard.codes() + ", inside " + inside(heard);
      });
}

void add_fetching(std::vector<Case>& out) {
  add(out, "fetch", "11.7, 14.11 E4, 17.3",
      "A fetch in chunks: the same totals in every answer, and together one "
      "ResponseToFetchDelivery.",
      "reassembled", [](Bench& b) {
        const auto allowed = chunk_limits(b);
        const auto chunk = chunk_kib(allowed);
        auto request = b.delivery();
        const auto octets = b.random().bytes(3 * chunk * kKiB);
        request.content.attachments = {
            {"gross.bin", "application/octet-stream", "", octets, false}};
        const auto stored = b.store(request);
        auto& dialog = b.dialog(b.recipient());
        std::string all;
        std::vector<std::uint32_t> have;
        std::uint32_t total = 0;
        for (std::uint32_t number = 1; total == 0 || number <= total; ++number) {
          const auto heard = dialog.send(partial_fetch(dialog, stored.id, number, chunk, have));
          expect(heard.code == "0801", "chunk " + std::to_string(number) + ": " + heard.codes());
          expect(heard.answer.to == MessageType::partial_fetch_delivery,
                 "not in chunks though larger than one");
          expect(heard.answer.chunk && heard.answer.chunk->number == number &&
                     heard.answer.chunk->total_numbers,
                 "ChunkInformation does not fit");
          if (total == 0) total = *heard.answer.chunk->total_numbers;
          expect(heard.answer.chunk->total_numbers == total, "another total in a later answer");
          expect(heard.answer.message_id == stored.id, "another MessageId");
          expect(heard.answer.content && heard.answer.content->attachments.size() == 1, "no chunk");
          const auto& piece = heard.answer.content->attachments[0].bytes;
          expect(number == total || piece.size() == chunk * kKiB, "a chunk of another size");
          all += piece;
          have.push_back(number);
          expect(total < 100, "too many chunks");
        }
        const auto parts = mime::parse(all, {});
        expect(parts.has_value() && parts->parts.size() == 2, "the chunks make no message");
        expect(parts->parts[0].raw.find("soapResponseToFetchDelivery.xsd") !=
                   std::string_view::npos,
               "no ResponseToFetchDelivery");
        const auto decoded = parts->parts[1].decoded();
        expect(decoded.has_value() && *decoded == octets, "other octets");
        expect(!b.card(stored.id)->reception, "received before it was acknowledged");
        dialog.exit();
        expect(b.card(stored.id)->reception.has_value(), "not acknowledged by the next request");
        return std::string("reassembled");
      });
  add(out, "fetch-small", "11.7",
      "What fits into one chunk comes as an ordinary ResponseToFetchDelivery, or as one chunk.",
      "0801", [](Bench& b) {
        const auto allowed = chunk_limits(b);
        const auto stored = b.deposit();
        auto& dialog = b.dialog(b.recipient());
        const auto chunk =
            allowed.max_chunk > 0 ? std::min<std::uint64_t>(allowed.max_chunk, 1024) : 1024;
        auto request = partial_fetch(dialog, stored.id, 1, chunk, {});
        const auto heard = b.send(b.seal(b.recipient(), request), &b.recipient());
        dialog.open = false;
        expect(heard.answer.to == MessageType::fetch_delivery ||
                   heard.answer.chunk->total_numbers == 1u,
               "several chunks");
        return expect_code(heard, "0801");
      });
  add(out, "fetch-beyond", "11.7, 10.2", "A chunk number beyond the total.", "9901", [](Bench& b) {
    const auto allowed = chunk_limits(b);
    const auto chunk = chunk_kib(allowed);
    auto request = b.delivery();
    request.content.attachments = {
        {"gross.bin", "application/octet-stream", "", b.random().bytes(2 * chunk * kKiB), false}};
    const auto stored = b.store(request);
    auto& dialog = b.dialog(b.recipient());
    const auto first = dialog.send(partial_fetch(dialog, stored.id, 1, chunk, {}));
    expect(first.code == "0801", "chunk 1: " + first.codes());
    return expect_code(dialog.send(partial_fetch(dialog, stored.id, 99, chunk, {1})), "9901");
  });
  add(out, "fetch-other-size", "11.7, 10.2", "Another ChunkSize in a later request.", "9905",
      [](Bench& b) {
        const auto allowed = chunk_limits(b);
        const auto chunk = chunk_kib(allowed);
        auto request = b.delivery();
        request.content.attachments = {{"gross.bin", "application/octet-stream", "",
                                        b.random().bytes(2 * chunk * kKiB), false}};
        const auto stored = b.store(request);
        auto& dialog = b.dialog(b.recipient());
        const auto first = dialog.send(partial_fetch(dialog, stored.id, 1, chunk, {}));
        expect(first.code == "0801", "chunk 1: " + first.codes());
        return expect_code(dialog.send(partial_fetch(dialog, stored.id, 2, chunk + 1, {1})),
                           "9905");
      });
  add(out, "fetch-nothing", "9.3, 11.7", "Nothing there: 9803.", "9803", [](Bench& b) {
    chunk_limits(b);
    auto& dialog = b.dialog(b.recipient());
    const auto request = partial_fetch(dialog, "never-issued", 1, 16, {});
    const auto heard = b.send(b.seal(b.recipient(), request), &b.recipient());
    dialog.open = false;
    return expect_code(heard, "9803");
  });
  add(out, "fetch-foreign", "1.8, 9.1",
      "The sender does not get chunks of the recipient's delivery.", "9803", [](Bench& b) {
        chunk_limits(b);
        const auto stored = b.deposit();
        auto& dialog = b.dialog(b.sender());
        const auto request = partial_fetch(dialog, stored.id, 1, 16, {});
        const auto heard = b.send(b.seal(b.sender(), request), &b.sender());
        dialog.open = false;
        return expect_code(heard, "9803");
      });
  add(out, "fetch-needs-dialog", "1.3, 14.5 C7", "PartialFetchDelivery without a dialog.", "9802",
      [](Bench& b) {
        chunk_limits(b);
        auto request = by_ids(b.request(b.recipient(), MessageType::partial_fetch_delivery), {"x"});
        request.chunk =
            osci::ChunkInformation{1, 16, std::vector<std::uint32_t>{}, std::nullopt, std::nullopt};
        return expect_code(b.send(b.seal(b.recipient(), request)), "9802");
      });
  add(out, "not-announced-not-taken", "11.8",
      "Where chunks are not announced they are refused as an unknown type.", "9300 or 9100",
      [](Bench& b) {
        if (b.features().keys.contains("PartialMessageTransmission"))
          throw NotOffered("chunks are announced");
        auto& dialog = b.dialog(b.sender());
        Transfer t{b.fresh_id(), "MIME-Version: 1.0\r\n", "", 1, 1};
        const auto heard = b.send(b.seal(b.sender(), partial(b, dialog, t, 1)), &b.sender());
        dialog.open = false;
        return expect_code(heard, "9300 or 9100");
      });
}

} // namespace

void add_chunks(std::vector<Case>& out) {
  add_storing(out);
  add_fetching(out);
}

} // namespace cli::conformance
