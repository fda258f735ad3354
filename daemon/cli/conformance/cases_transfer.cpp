// Whole chunked transfers (wire reference 11): interrupted, repeated, resumed, and what comes out.
#include "cli/conformance/bench.h"
#include "cli/conformance/chunking.h"
#include "mime/message.h"
#include <map>

namespace cli::conformance {

using osci::MessageType;

namespace {

void add(std::vector<Case>& out, const char* name, const char* section, const char* title,
         const char* expected, std::function<std::string(Bench&)> run) {
  out.push_back({"chunks", name, section, title, expected, std::move(run)});
}

Transfer three(Bench& b) {
  auto out = transfer(b);
  if (out.total != 3) throw std::runtime_error("not three chunks");
  return out;
}

// The answer that tells of the whole: InsideFeedback, its process card, and what can be fetched.
std::string expect_whole(Bench& b, const Transfer& t, const Heard& last) {
  expect(last.answer.executed(), "answered with " + last.codes());
  expect(code_fits(inside(last), "0800 or 0801"), "InsideFeedback " + inside(last));
  expect(last.answer.cards.size() == 1 && last.answer.cards[0].message_id == t.id,
         "no process card of the whole delivery");
  const auto heard = b.dialog(b.recipient()).fetch(t.id);
  expect(heard.code == "0801" && heard.answer.content, "fetch: " + heard.codes());
  expect(heard.answer.content->attachments.size() == 1 &&
             heard.answer.content->attachments[0].bytes == t.octets,
         "other octets");
  expect(heard.answer.cards.size() == 1 &&
             heard.answer.cards[0].creation == last.answer.cards[0].creation,
         "another Creation than the sender was told");
  return "InsideFeedback " + inside(last);
}

void add_storing(std::vector<Case>& out) {
  add(out, "store-repeated-chunks", "11.4, 10.2, 14.11 E2",
      "A transfer in which chunks are sent twice, also with other octets, becomes the delivery "
      "that "
      "the first ones make up.",
      "9900, InsideFeedback 0800", [](Bench& b) {
        const auto t = three(b);
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        expect_code(dialog.send(partial(b, dialog, t, 1)), "9900");
        stored(dialog, partial(b, dialog, t, 2));
        auto other = partial(b, dialog, t, 2);
        other.content.attachments[0].bytes = b.random().bytes(t.chunk * kKiB);
        const auto heard = dialog.send(other);
        expect_code(heard, "9900");
        expect(received(heard) == std::set<std::uint32_t>{1, 2}, "ReceivedChunks is not told");
        return "9900, " + expect_whole(b, t, stored(dialog, partial(b, dialog, t, 3)));
      });
  add(out, "store-resumed", "11.3, 11.4, 11.6",
      "After a lost dialog, InfoOnly in a new one tells what is missing; with that the delivery is "
      "whole.",
      "InsideFeedback 0800", [](Bench& b) {
        const auto t = three(b);
        auto& lost = b.dialog(b.sender());
        stored(lost, partial(b, lost, t, 2));
        lost.open = false; // no ExitDialog: the connection is gone
        auto& dialog = b.dialog(b.sender());
        const auto state = stored(dialog, info_only(b, dialog, t));
        expect(received(state) == std::set<std::uint32_t>{2}, "other chunks");
        expect(inside(state) == "none", "InsideFeedback before the last chunk");
        stored(dialog, partial(b, dialog, t, 1));
        return expect_whole(b, t, stored(dialog, partial(b, dialog, t, 3)));
      });
  add(out, "info-only-afterwards", "11.3, 11.6",
      "InfoOnly after the last chunk, in another dialog, tells InsideFeedback and the card again.",
      "InsideFeedback 0800", [](Bench& b) {
        const auto t = three(b);
        auto& dialog = b.dialog(b.sender());
        const auto last = store_all(b, dialog, t, {2, 3, 1});
        dialog.exit();
        auto& later = b.dialog(b.sender());
        const auto state = stored(later, info_only(b, later, t));
        expect(received(state) == std::set<std::uint32_t>{1, 2, 3}, "not all chunks");
        expect(state.answer.cards.size() == 1 && last.answer.cards.size() == 1 &&
                   state.answer.cards[0].creation == last.answer.cards[0].creation,
               "another card than with the last chunk");
        return expect_whole(b, t, state);
      });
  add(out, "last-chunk-again", "11.4, 10.2",
      "The last chunk in a new message: told as a repeat; the delivery is there once.",
      "9900 or 0801", [](Bench& b) {
        const auto t = three(b);
        auto& dialog = b.dialog(b.sender());
        const auto last = store_all(b, dialog, t, {1, 2, 3});
        const auto heard = dialog.send(partial(b, dialog, t, 3));
        const auto observed = expect_code(heard, "9900 or 0801");
        expect_whole(b, t, last);
        const auto card = b.card(t.id);
        expect(card && card->creation == last.answer.cards[0].creation, "another Creation");
        return observed;
      });
  add(out, "store-inner-signed", "11.3", "The inner StoreDelivery may be signed.",
      "InsideFeedback 0800", [](Bench& b) {
        chunk_limits(b);
        const auto t = transfer_of(b, b.delivery("in Paketen"), 2, true);
        auto& dialog = b.dialog(b.sender());
        return expect_whole(b, t, store_all(b, dialog, t, {1, 2}));
      });
  add(out, "store-inner-signature-wrong", "11.3, 11.6, 4.3",
      "A signature of the inner StoreDelivery that is there must be right.",
      "an error in InsideFeedback", [](Bench& b) {
        chunk_limits(b);
        auto t = transfer_of(b, b.delivery("in Paketen"), 2, true);
        const auto at = t.inner.find("<osci:Subject>") + 14;
        t.inner[at] = t.inner[at] == 'A' ? 'B' : 'A';
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        const auto heard = dialog.send(partial(b, dialog, t, 2));
        expect(inside(heard).starts_with('9'), "InsideFeedback " + inside(heard));
        expect(!b.card(t.id, b.recipient()), "it became a delivery");
        return heard.codes() + ", inside " + inside(heard);
      });
  add(out, "inside-warning", "11.6, 8.5, 10.2",
      "A warning about the whole stands in InsideFeedback, and 3950 tells of it.",
      "3950, inside 3706", [](Bench& b) {
        chunk_limits(b);
        auto delivery = b.delivery("in Paketen");
        delivery.certificates.push_back(role("CipherCertificateOtherReader", "reader_cipher",
                                             b.material("bad-expired-cipher").certificate));
        const auto t = transfer_of(b, std::move(delivery), 2);
        auto& dialog = b.dialog(b.sender());
        const auto last = store_all(b, dialog, t, {1, 2});
        expect(last.says("3950"), "no 3950: " + last.codes());
        expect_whole(b, t, last);
        std::string codes;
        for (const auto& entry : last.answer.inside_feedback) codes += " " + entry.code;
        expect(codes.find("3706") != std::string::npos, "inside" + codes);
        return last.codes() + ", inside" + codes;
      });
  add(out, "inside-error", "11.6, 11.3, 10.2",
      "A StoreDelivery under another id inside the chunks: refused, told in InsideFeedback, 9950; "
      "InfoOnly tells it again.",
      "9950, inside 9801", [](Bench& b) {
        chunk_limits(b);
        auto t = transfer_of(b, b.delivery("in Paketen"), 2);
        const auto inner_id = t.id;
        t.id = b.fresh_id();
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        const auto heard = dialog.send(partial(b, dialog, t, 2));
        expect(inside(heard).starts_with('9'), "InsideFeedback " + inside(heard));
        expect_code(heard, "9950");
        const auto state = dialog.send(info_only(b, dialog, t));
        expect(inside(state) == inside(heard), "InfoOnly tells " + inside(state));
        for (const auto& id : {t.id, inner_id})
          expect(!b.card(id, b.recipient()), "it became a delivery");
        return heard.codes() + ", inside " + inside(heard);
      });
  add(out, "store-implicit", "1.3, 11.3",
      "Chunks without a dialog: taken, or 9802 where a dialog is demanded.", "0800 or 9802",
      [](Bench& b) {
        const auto t = transfer(b, 2);
        auto& dialog = b.dialog(b.sender());
        Heard heard;
        for (const std::uint32_t number : {1u, 2u}) {
          auto chunk = partial(b, dialog, t, number);
          chunk.control = b.request(b.sender(), MessageType::partial_store_delivery).control;
          heard = b.ask(b.sender(), chunk);
          if (heard.code == "9802") return heard.codes();
          expect_code(heard, "0800");
        }
        return heard.codes() + ", " + expect_whole(b, t, heard);
      });
  add(out, "foreign-transfer", "11.4, 1.8",
      "Another party does not learn of a transfer, and cannot disturb it.", "InsideFeedback 0800",
      [](Bench& b) {
        const auto t = three(b);
        auto& dialog = b.dialog(b.sender());
        stored(dialog, partial(b, dialog, t, 1));
        auto& stranger = b.dialog(b.recipient());
        const auto state = stranger.send(info_only(b, stranger, t));
        expect(!state.answer.chunk || !state.answer.chunk->received ||
                   state.answer.chunk->received->empty(),
               "it is told");
        auto forged = partial(b, stranger, t, 2);
        forged.content.attachments[0].bytes = b.random().bytes(t.chunk * kKiB);
        if (stranger.open) stranger.send(forged);
        const auto second = stored(dialog, partial(b, dialog, t, 2));
        expect(received(second) == std::set<std::uint32_t>{1, 2}, "ReceivedChunks is disturbed");
        return expect_whole(b, t, stored(dialog, partial(b, dialog, t, 3)));
      });

  // A later chunk that contradicts the first, or itself: refused, not counted, and the transfer
  // goes on.
  const auto refused = [&](const char* name, const char* codes, const char* title,
                           std::function<void(Bench&, osci::Request&, const Transfer&)> change) {
    add(out, name, "11.4, 10.2, 14.11 E2", title, codes,
        [change = std::move(change), codes = std::string(codes)](Bench& b) {
          const auto t = three(b);
          auto& dialog = b.dialog(b.sender());
          stored(dialog, partial(b, dialog, t, 1));
          auto request = partial(b, dialog, t, 2);
          change(b, request, t);
          const auto heard = dialog.send(request);
          const auto observed = expect_code(heard, codes);
          const auto state = stored(dialog, info_only(b, dialog, t));
          expect(received(state) == std::set<std::uint32_t>{1}, "it was counted");
          stored(dialog, partial(b, dialog, t, 2));
          expect_whole(b, t, stored(dialog, partial(b, dialog, t, 3)));
          return observed;
        });
  };
  refused("other-chunk-size", "9905", "Another ChunkSize than the first one said.",
          [](Bench&, osci::Request& r, const Transfer& t) { r.chunk->size = t.chunk + 1; });
  refused(
      "other-total-goes-on", "9905", "Another total than the first one said; the transfer goes on.",
      [](Bench&, osci::Request& r, const Transfer& t) { r.chunk->total_numbers = t.total + 1; });
  refused("other-totals", "9905",
          "A later chunk whose totals fit each other and not those of the first.",
          [](Bench&, osci::Request& r, const Transfer& t) {
            r.chunk->total_numbers = t.total + 1;
            r.chunk->total_size = t.total_size() + t.chunk;
          });
  refused("middle-chunk-short", "9905 or 9903", "A chunk, not the last, shorter than ChunkSize.",
          [](Bench&, osci::Request& r, const Transfer&) {
            r.content.attachments[0].bytes.resize(r.content.attachments[0].bytes.size() - 1);
          });
  refused("chunk-longer", "9905 or 9902", "A chunk longer than the ChunkSize it names.",
          [](Bench&, osci::Request& r, const Transfer&) { r.content.attachments[0].bytes += 'x'; });
  refused("other-addressee", "9905 or 9805", "A later chunk names another addressee.",
          [](Bench& b, osci::Request& r, const Transfer&) {
            for (auto& one : r.certificates)
              if (one.role == "CipherCertificateAddressee")
                one = role("CipherCertificateAddressee", "addressee_cipher",
                           b.other().cipher.certificate);
          });
}

// --- fetching

struct Pieces {
  std::map<std::uint32_t, std::string> octets;
  std::uint32_t total = 0;
  std::vector<std::uint32_t> numbers() const {
    std::vector<std::uint32_t> out;
    for (const auto& [number, bytes] : octets) out.push_back(number);
    return out;
  }
  std::string all() const {
    std::string out;
    for (const auto& [number, bytes] : octets) out += bytes;
    return out;
  }
};

// One chunk; what was got before must come again the same.
void take(Dialog& dialog, const std::string& id, std::uint32_t number, std::uint64_t chunk,
          Pieces& pieces) {
  const auto heard = dialog.send(partial_fetch(dialog, id, number, chunk, pieces.numbers()));
  expect(heard.code == "0801", "chunk " + std::to_string(number) + ": " + heard.codes());
  expect(heard.answer.to == MessageType::partial_fetch_delivery && heard.answer.chunk &&
             heard.answer.chunk->number == number && heard.answer.chunk->total_numbers,
         "ChunkInformation does not fit");
  expect(pieces.total == 0 || heard.answer.chunk->total_numbers == pieces.total,
         "another total in a later answer");
  pieces.total = *heard.answer.chunk->total_numbers;
  expect(heard.answer.content && heard.answer.content->attachments.size() == 1, "no chunk");
  const auto& octets = heard.answer.content->attachments[0].bytes;
  const auto [known, fresh] = pieces.octets.emplace(number, octets);
  expect(fresh || known->second == octets, "other octets in the repeated chunk");
}

void expect_delivery(const Pieces& pieces, const std::string& octets) {
  const auto parts = mime::parse(pieces.all(), {});
  expect(parts.has_value() && parts->parts.size() == 2, "the chunks make no message");
  expect(parts->parts[0].raw.find("soapResponseToFetchDelivery.xsd") != std::string_view::npos,
         "no ResponseToFetchDelivery");
  const auto decoded = parts->parts[1].decoded();
  expect(decoded.has_value() && *decoded == octets, "other octets");
}

// A delivery that makes four chunks.
std::pair<std::string, std::string> large_delivery(Bench& b, std::uint64_t chunk) {
  auto request = b.delivery();
  auto octets = b.random().bytes(3 * chunk * kKiB);
  request.content.attachments = {{"gross.bin", "application/octet-stream", "", octets, false}};
  return {b.store(request).id, octets};
}

void add_fetching(std::vector<Case>& out) {
  add(out, "stored-and-fetched", "11.1, 11.3, 11.7, 14.11 E3",
      "What was stored in chunks is fetched in chunks, with the same content.", "identical",
      [](Bench& b) {
        const auto t = three(b);
        auto& sender = b.dialog(b.sender());
        store_all(b, sender, t, {1, 2, 3});
        auto& dialog = b.dialog(b.recipient());
        Pieces pieces;
        for (std::uint32_t number = 1; pieces.total == 0 || number <= pieces.total; ++number)
          take(dialog, t.id, number, t.chunk, pieces);
        expect_delivery(pieces, t.octets);
        return std::string("identical");
      });
  add(out, "fetch-in-any-order", "11.7, 14.11 E4",
      "Chunks fetched in another order, one of them twice, make the same message.", "identical",
      [](Bench& b) {
        const auto chunk = chunk_kib(chunk_limits(b));
        const auto [id, octets] = large_delivery(b, chunk);
        auto& dialog = b.dialog(b.recipient());
        Pieces pieces;
        take(dialog, id, 1, chunk, pieces);
        for (auto number = pieces.total; number >= 1; --number)
          take(dialog, id, number, chunk, pieces);
        expect_delivery(pieces, octets);
        return std::string("identical");
      });
  add(out, "fetch-resumed", "11.7",
      "After a lost dialog a new one goes on with the same octets; or the intermediary begins anew "
      "(9901, 9905).",
      "identical, or 9901 or 9905", [](Bench& b) {
        const auto chunk = chunk_kib(chunk_limits(b));
        const auto [id, octets] = large_delivery(b, chunk);
        auto& lost = b.dialog(b.recipient());
        Pieces pieces;
        take(lost, id, 1, chunk, pieces);
        take(lost, id, 2, chunk, pieces);
        lost.open = false;
        auto& dialog = b.dialog(b.recipient());
        const auto heard = dialog.send(partial_fetch(dialog, id, 3, chunk, pieces.numbers()));
        if (heard.code == "9901" || heard.code == "9905") {
          pieces = {};
          for (std::uint32_t number = 1; pieces.total == 0 || number <= pieces.total; ++number)
            take(dialog, id, number, chunk, pieces);
          expect_delivery(pieces, octets);
          return heard.codes();
        }
        for (std::uint32_t number = 3; number <= pieces.total; ++number)
          take(dialog, id, number, chunk, pieces);
        expect_delivery(pieces, octets);
        return std::string("identical");
      });
  add(out, "fetch-not-received-midway", "11.7, 8.6",
      "A delivery of which chunks are missing is not received by the next request, and stays "
      "fetchable.",
      "no Reception", [](Bench& b) {
        const auto chunk = chunk_kib(chunk_limits(b));
        const auto [id, octets] = large_delivery(b, chunk);
        auto& dialog = b.dialog(b.recipient());
        Pieces pieces;
        take(dialog, id, 1, chunk, pieces);
        take(dialog, id, 2, chunk, pieces);
        expect(!b.card(id)->reception, "Reception after two chunks");
        dialog.exit();
        const auto card = b.card(id);
        expect(card && !card->reception, "Reception though chunks are missing");
        Pieces again;
        auto& other = b.dialog(b.recipient());
        for (std::uint32_t number = 1; again.total == 0 || number <= again.total; ++number)
          take(other, id, number, chunk, again);
        expect_delivery(again, octets);
        other.exit();
        expect(b.card(id)->reception.has_value(), "no Reception in the end");
        return std::string("no Reception");
      });
  add(out, "fetch-number-zero", "11.2, 11.7, 10.2", "Chunk number 0 is asked for.", "9901 or 9300",
      [](Bench& b) {
        const auto chunk = chunk_kib(chunk_limits(b));
        const auto [id, octets] = large_delivery(b, chunk);
        auto& dialog = b.dialog(b.recipient());
        const auto request = partial_fetch(dialog, id, 0, chunk, {});
        const auto heard = b.send(b.seal(b.recipient(), request), &b.recipient());
        dialog.open = false;
        return expect_code(heard, "9901 or 9300");
      });
}

} // namespace

void add_transfer(std::vector<Case>& out) {
  add_storing(out);
  add_fetching(out);
}

} // namespace cli::conformance
