#include "cli/incoming_spool.h"
#include "cli/outgoing_spool.h"
#include "cli/progress.h"
#include "cli/receive.h"
#include "cli/send_chunks.h"
#include "crypto/digest.h"
#include "fake_chunks.h"
#include "temporary_folder.h"
#include <gtest/gtest.h>
#include <numeric>

namespace {

using base::ErrorCode;
using cli::FetchOrder;
using cli::FetchReport;

// A mailbox with large deliveries, fetched in chunks of 6 KiB into a folder.
struct Office {
  test::FakeIntermediary intermediary;
  test::FakeChunks chunks{intermediary};
  base::SystemRandom random;
  base::SystemClock clock;
  test::TemporaryFolder folder;
  std::string in = folder / "in";
  std::string partial = in + "/.osci-partial";
  std::uint64_t chunk_kib = 6;
  client::Options options;
  cli::SpoolOwner owner{"http://x", "own"};

  explicit Office(bool encrypted = false) {
    options.retry.attempts = 1;
    test::make_cheap(intermediary, options, encrypted);
  }

  client::Session session(const std::string& party) {
    return {intermediary, test::identity(party),    test::cheaply_pinned(), options,
            random,       [](base::Milliseconds) {}};
  }

  static std::string file(std::size_t size = 20'000) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * i);
    return out;
  }

  std::string send(std::size_t size = 20'000, const std::string& reader = "bench2048_cipher",
                   bool base64 = false) {
    client::Letter letter{support::key("bench2048_cipher").certificate,
                          {support::key(reader).certificate},
                          {"<a/>"},
                          {},
                          "Betreff"};
    seal::Attachment plan;
    plan.content_id = "plan.pdf";
    plan.bytes = file(size);
    plan.base64 = base64;
    letter.attachments.push_back(plan);
    auto sender = session(test::kCheapParty);
    return sender.store(letter).value().message_id;
  }

  // A process of its own each time.
  FetchReport fetch(FetchOrder order = {}, std::function<bool()> stop = {}) {
    auto reader = session(test::kCheapParty);
    const auto shelf = cli::Shelf::open(in, random);
    EXPECT_TRUE(shelf);
    auto spool = cli::FolderSpool::open(partial, owner);
    EXPECT_TRUE(spool);
    client::ChunkedFetch chunked(reader, *spool, {chunk_kib, 10'000}, random);
    chunked.stop = stop;
    cli::Receiver receiver(reader, *shelf, std::move(order), clock, random,
                           cli::ChunkedReception{chunked, *spool});
    return receiver.run();
  }
  std::string content(const std::string& id, const std::string& name) const {
    return test::content_of(in + "/" + id + "/" + name);
  }
  bool received(const std::string& id) { return intermediary.find(id)->received; }
  bool spool_empty() const { return std::filesystem::is_empty(partial); }
  void expect_kept(const FetchReport& report, const std::string& id) {
    ASSERT_FALSE(report.stopped) << report.stopped->detail;
    ASSERT_EQ(report.kept.size(), 1u);
    EXPECT_TRUE(report.bad.empty());
    EXPECT_EQ(report.kept[0].message_id, id);
    EXPECT_TRUE(report.kept[0].is_signed);
    EXPECT_EQ(content(id, "plan.pdf"), file());
    EXPECT_EQ(content(id, "content0.xml"), "<a/>");
    EXPECT_TRUE(received(id));
    EXPECT_TRUE(spool_empty());
  }
  std::uint32_t total() const {
    return static_cast<std::uint32_t>((chunks.frozen.begin()->second.size() + 6143) / 6144);
  }
};

TEST(ChunkedReceiver, FetchesALargeDeliveryInChunksAndASmallOneWhole) {
  Office office;
  const auto large = office.send();
  const auto small = office.send(100);
  office.chunk_kib = 18; // the small one fits
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  ASSERT_EQ(report.kept.size(), 2u);
  EXPECT_EQ(office.content(large, "plan.pdf"), Office::file());
  EXPECT_EQ(office.content(small, "plan.pdf"), Office::file(100));
  EXPECT_EQ(report.kept[0].files.at(1).size, 20'000u);
  EXPECT_EQ(report.kept[0].files.at(1).sha256, crypto::sha256_hex(Office::file()));
  EXPECT_TRUE(office.received(large));
  EXPECT_TRUE(office.received(small));
  EXPECT_TRUE(office.spool_empty());
  EXPECT_FALSE(office.intermediary.dialog_open);
}

TEST(ChunkedReceiver, AsksForEachChunkOnceAndSaysWhatItHas) {
  Office office(true);
  const auto id = office.send();
  office.expect_kept(office.fetch(), id);
  std::vector<std::uint32_t> all(office.total());
  std::iota(all.begin(), all.end(), 1u);
  ASSERT_GT(all.size(), 4u);
  auto asked = office.chunks.fetched;
  ASSERT_EQ(asked.size(), all.size() + 1); // and once more, for nothing
  asked.pop_back();
  EXPECT_EQ(asked, all);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(
        office.chunks.said_received[i],
        std::vector<std::uint32_t>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i)));
}

TEST(ChunkedReceiver, AcknowledgesNothingBeforeTheFilesAreWritten) {
  Office office;
  const auto id = office.send();
  bool early = false;
  office.intermediary.watch = [&](const osci::Request&) {
    early = early || (office.received(id) && !std::filesystem::exists(office.in + "/" + id));
  };
  office.expect_kept(office.fetch(), id);
  EXPECT_FALSE(early);

  Office blocked;
  const auto other = blocked.send();
  blocked.fetch({}, [] { return true; });
  blocked.folder.write("in/" + other, "in the way");
  const auto report = blocked.fetch();
  ASSERT_TRUE(report.stopped);
  EXPECT_EQ(report.stopped->code, ErrorCode::file_error);
  EXPECT_FALSE(blocked.received(other));
}

TEST(ChunkedReceiver, GoesOnAfterAnInterruptionAtEveryChunk) {
  // In the same run: the dialog is lost, and with it the answer or not.
  for (const bool answer_lost : {false, true})
    for (std::uint32_t at = 1;; ++at) {
      Office office;
      const auto id = office.send();
      SCOPED_TRACE(at);
      bool reached = false;
      office.chunks.on_chunk = [&](std::uint32_t number) {
        if (reached || number != at) return;
        reached = true;
        if (answer_lost) office.intermediary.broken_after = 1;
        office.intermediary.lose_dialog();
      };
      auto report = office.fetch();
      if (at == 1 && answer_lost) {
        // Nothing is known yet: an ordinary failure, and the next run gets it.
        ASSERT_TRUE(report.stopped);
        report = office.fetch();
      }
      // Losing the dialog after the last chunk costs the acknowledgement, and nothing else.
      if (report.stopped) report = office.fetch();
      EXPECT_FALSE(report.stopped);
      EXPECT_EQ(office.content(id, "plan.pdf"), Office::file());
      EXPECT_TRUE(office.received(id));
      EXPECT_TRUE(office.spool_empty());
      if (!reached) break; // past the end
    }
}

TEST(ChunkedReceiver, ANewProcessFetchesOnlyWhatIsMissing) {
  Office office;
  const auto id = office.send();
  const auto stopped = office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
  ASSERT_TRUE(stopped.stopped);
  EXPECT_TRUE(stopped.kept.empty());
  EXPECT_FALSE(office.received(id));
  EXPECT_FALSE(office.spool_empty());
  office.chunks.fetched.clear();
  office.chunks.said_received.clear();
  office.expect_kept(office.fetch(), id);
  EXPECT_EQ(office.chunks.fetched.front(), 4u);
  EXPECT_EQ(office.chunks.said_received.front(), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(office.chunks.fetched.size(), office.total() - 3 + 1);
}

TEST(ChunkedReceiver, ATornListOfChunksCostsOneChunk) {
  Office office;
  const auto id = office.send();
  office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
  // The power failed while "3\n" was written.
  office.folder.write("in/.osci-partial/" + id + "/received", "1\n2\n3");
  office.chunks.fetched.clear();
  office.expect_kept(office.fetch(), id);
  EXPECT_EQ(office.chunks.fetched.front(), 3u);
}

TEST(ChunkedReceiver, DamagedStateBeginsAnew) {
  for (const char* file : {"state.json", "received"}) {
    Office office;
    const auto id = office.send();
    office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
    office.folder.write("in/.osci-partial/" + id + "/" + file, "garbage\n");
    office.chunks.fetched.clear();
    office.expect_kept(office.fetch(), id);
    EXPECT_EQ(office.chunks.fetched.front(), 1u);
  }
}

TEST(ChunkedReceiver, BeginsAnewWhenTheAnswerWasFrozenAnew) {
  // Totals stay the same, the octets do not: once where a chunk that is there already comes again,
  // and once where only the whole shows it.
  for (const std::uint32_t stop_after : {2u, 3u}) {
    Office office;
    const auto id = office.send();
    office.fetch({}, [&] { return office.chunks.fetched.size() == stop_after; });
    office.chunks.freeze_anew(id);
    if (stop_after == 2) {
      // By selection, so chunk 1 comes again.
      auto reader = office.session(test::kCheapParty);
      auto spool = cli::FolderSpool::open(office.partial, office.owner);
      client::ChunkedFetch chunked(reader, *spool, {6, 10'000}, office.random);
      std::optional<client::Session::Dialog> dialog;
      const auto delivery = chunked.fetch(dialog, {});
      ASSERT_TRUE(delivery && *delivery);
      EXPECT_EQ((*delivery)->message_id(), id);
    }
    const auto report = office.fetch();
    EXPECT_FALSE(report.stopped);
    EXPECT_EQ(office.content(id, "plan.pdf"), Office::file());
    EXPECT_TRUE(office.received(id));
  }
}

TEST(ChunkedReceiver, ACompleteSpoolIsAcknowledgedInANewDialog) {
  Office office;
  const auto id = office.send();
  // Everything has arrived; ExitDialog, or what else would acknowledge it, never leaves.
  office.chunks.on_chunk = [&](std::uint32_t number) {
    if (number == office.total()) office.intermediary.lose_dialog();
  };
  const auto first = office.fetch();
  EXPECT_EQ(first.kept.size(), 1u);
  EXPECT_TRUE(first.stopped);
  EXPECT_FALSE(office.received(id));
  office.chunks.on_chunk = nullptr;
  office.chunks.fetched.clear();
  const auto second = office.fetch();
  ASSERT_FALSE(second.stopped) << second.stopped->detail;
  ASSERT_EQ(second.kept.size(), 1u);
  EXPECT_TRUE(second.kept[0].already_there);
  EXPECT_TRUE(office.received(id));
  EXPECT_EQ(office.chunks.fetched.front(), office.total()); // one chunk, not all again
  EXPECT_TRUE(office.spool_empty());
}

TEST(ChunkedReceiver, KeepsRawWhatItCannotOpen) {
  Office office;
  const auto bad = office.send(20'000, "other_cipher");
  const auto good = office.send();
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].message_id, bad);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::unknown_cipher_certificate);
  EXPECT_EQ(test::content_of(report.bad[0].folder + "/message.osci"), office.chunks.frozen[bad]);
  EXPECT_FALSE(office.received(bad));
  EXPECT_EQ(office.content(good, "plan.pdf"), Office::file());
  EXPECT_TRUE(office.received(good));
}

TEST(ChunkedReceiver, ReleasesNoOctetThatFailsItsTag) {
  Office office;
  const auto id = office.send();
  office.fetch({}, [&] { return office.chunks.fetched.size() == 1; });
  // The last octets before the final delimiter belong to the attachment's tag.
  auto& text = office.chunks.frozen.at(id);
  const auto end = text.rfind("\r\n--");
  text[end - 1] = static_cast<char>(text[end - 1] ^ 1);
  const auto report = office.fetch();
  ASSERT_EQ(report.bad.size(), 1u);
  EXPECT_EQ(report.bad[0].error.code, ErrorCode::undecryptable);
  EXPECT_FALSE(std::filesystem::exists(office.in + "/" + id));
  EXPECT_FALSE(office.received(id));
}

TEST(ChunkedReceiver, TakesAttachmentsThatTravelAsBase64) {
  Office office;
  const auto id = office.send(20'000, "bench2048_cipher", true);
  office.intermediary.find(id)->content.attachments.at(0).base64 = true;
  office.expect_kept(office.fetch(), id);
}

TEST(ChunkedReceiver, BelievesNoNonsense) {
  struct Nonsense {
    const char* name;
    void (*spoil)(osci::Answer&);
  };
  const Nonsense all[] = {
      {"other number", [](osci::Answer& a) { ++*a.chunk->number; }},
      {"no chunk", [](osci::Answer& a) { a.content->attachments.at(0).bytes.clear(); }},
      {"too large", [](osci::Answer& a) { a.content->attachments.at(0).bytes += "x"; }},
      {"too many", [](osci::Answer& a) { a.chunk->total_numbers = 4'000'000'000u; }},
      {"none", [](osci::Answer& a) { a.chunk->total_numbers = 0; }},
      {"huge", [](osci::Answer& a) { a.chunk->total_size = ~std::uint64_t{0}; }},
      {"growing", [](osci::Answer& a) { *a.chunk->total_numbers += *a.chunk->number; }},
      {"another delivery",
       [](osci::Answer& a) { *a.message_id += std::to_string(*a.chunk->number); }},
      {"no id", [](osci::Answer& a) { a.message_id.reset(); }},
      {"totals do not fit", [](osci::Answer& a) { a.chunk->total_size = 3; }},
  };
  for (const auto& nonsense : all) {
    SCOPED_TRACE(nonsense.name);
    Office office;
    const auto id = office.send();
    office.intermediary.change = [&](osci::Answer& answer) {
      if (answer.to == osci::MessageType::partial_fetch_delivery && answer.chunk)
        nonsense.spoil(answer);
    };
    const auto report = office.fetch();
    EXPECT_TRUE(report.kept.empty());
    EXPECT_FALSE(office.received(id));
    EXPECT_LE(office.chunks.fetched.size(), 4u * 6u);
    EXPECT_FALSE(std::filesystem::exists(office.in + "/" + id));
  }
}

TEST(ChunkedReceiver, AsksOrdinarilyWhereChunksAreNotServed) {
  Office office;
  const auto id = office.send();
  office.intermediary.watch = [&](const osci::Request& request) {
    office.intermediary.refuse =
        request.type == osci::MessageType::partial_fetch_delivery ? "9300" : "";
  };
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(report.kept.size(), 1u);
  EXPECT_TRUE(office.received(id));
  EXPECT_TRUE(office.chunks.fetched.empty());

  Office silent;
  silent.intermediary.chunks.reset();
  const auto other = silent.send();
  EXPECT_EQ(silent.fetch().kept.size(), 1u);
  EXPECT_TRUE(silent.received(other));
  EXPECT_TRUE(silent.chunks.fetched.empty());
}

TEST(ChunkedReceiver, ForgetsWhatSomebodyElseHasReceived) {
  Office office;
  const auto id = office.send();
  office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
  office.intermediary.kept.clear();
  const auto report = office.fetch();
  EXPECT_FALSE(report.stopped);
  EXPECT_TRUE(report.kept.empty());
  EXPECT_TRUE(office.spool_empty());
}

TEST(ChunkedReceiver, LeavesTheTransfersOfAnotherMailboxAlone) {
  Office office;
  const auto id = office.send();
  office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
  // Another mailbox, and the same one elsewhere, where nobody knows the delivery.
  auto kept = std::exchange(office.intermediary.kept, {});
  for (const auto& other : {cli::SpoolOwner{"http://x", "other"}, {"http://y", "own"}}) {
    const auto own = std::exchange(office.owner, other);
    EXPECT_FALSE(office.fetch().stopped);
    EXPECT_EQ(office.fetch({{id}, false, false, nullptr}).not_found.size(), 1u);
    office.owner = own;
  }
  office.intermediary.kept = kept;
  office.chunks.fetched.clear();
  office.expect_kept(office.fetch(), id);
  EXPECT_EQ(office.chunks.fetched.front(), 4u); // goes on
}

TEST(ChunkedReceiver, ForgetsPartsOfWhatItFetchesWhole) {
  for (const bool gone : {false, true}) {
    Office office;
    const auto id = office.send();
    office.fetch({}, [&] { return office.chunks.fetched.size() == 3; });
    EXPECT_FALSE(office.spool_empty());
    office.intermediary.chunks.reset(); // no longer announced
    if (gone) office.intermediary.kept.clear();
    const auto report = office.fetch();
    EXPECT_FALSE(report.stopped);
    EXPECT_EQ(report.kept.size(), gone ? 0u : 1u);
    EXPECT_TRUE(office.spool_empty());
  }
}

TEST(ChunkedReceiver, RemovesNothingThatIsNotItsOwn) {
  test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "partial/photos");
  folder.write("partial/photos/img.jpg", "x");
  std::filesystem::create_directory(folder / "partial/begun");
  folder.write("partial/begun/message.osci", "x");
  folder.write("partial/begun/state.json.new", "x");
  EXPECT_TRUE(cli::FolderSpool::open(folder / "partial", {"http://x", "own"}));
  EXPECT_EQ(test::content_of(folder / "partial/photos/img.jpg"), "x");
  EXPECT_FALSE(std::filesystem::exists(folder / "partial/begun"));
}

std::vector<std::string> ids(const cli::OutgoingSpool& spool) {
  return spool.ids([](const base::Error&) {}).value();
}

TEST(OutgoingSpool, RemovesNothingThatIsNotItsOwn) {
  test::TemporaryFolder folder;
  const auto other = [&folder](const std::string& in) {
    std::filesystem::create_directories(folder / (in + "/photos"));
    folder.write(in + "/photos/lock", "");
    folder.write(in + "/photos/img.jpg", "x");
  };
  // A folder of somebody's is no spool.
  other("x");
  const auto refused = cli::OutgoingSpool::open(folder / "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::file_error);
  EXPECT_EQ(test::content_of(folder / "x/photos/img.jpg"), "x");
  EXPECT_TRUE(std::filesystem::exists(folder / "x/photos/lock"));
  EXPECT_FALSE(std::filesystem::exists(folder / "x/.osci-spool"));
  // What somebody puts into a spool stays there; what was left half written goes.
  ASSERT_TRUE(cli::OutgoingSpool::open(folder / "out"));
  other("out");
  std::filesystem::create_directory(folder / "out/half");
  for (const char* name : {"lock", "message.osci", "state.json.new"})
    folder.write(std::string("out/half/") + name, "x");
  std::filesystem::create_directory_symlink(folder / "x/photos", folder / "out/link");
  ASSERT_TRUE(cli::OutgoingSpool::open(folder / "out"));
  EXPECT_EQ(test::content_of(folder / "out/photos/img.jpg"), "x");
  EXPECT_TRUE(std::filesystem::exists(folder / "out/photos/lock"));
  EXPECT_TRUE(std::filesystem::exists(folder / "x/photos/lock"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/half"));
  // The same when a delivery is done with.
  const auto spool = cli::OutgoingSpool::open(folder / "out");
  auto delivery = spool->create("id-1");
  ASSERT_TRUE(delivery);
  folder.write("out/id-1/notes.txt", "x");
  EXPECT_FALSE(delivery->remove());
  EXPECT_EQ(test::content_of(folder / "out/id-1/notes.txt"), "x");
  EXPECT_TRUE(ids(*spool).empty());
}

TEST(OutgoingSpool, KeepsWhatIsNeededToGoOn) {
  test::TemporaryFolder folder;
  const std::string path = folder / "state/osci/outgoing";
  const auto& addressee = support::key("bench2048_cipher").certificate;
  {
    const auto spool = cli::OutgoingSpool::open(path);
    ASSERT_TRUE(spool) << spool.error().detail;
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
    EXPECT_TRUE(ids(*spool).empty());
    auto delivery = spool->create("id-1");
    ASSERT_TRUE(delivery) << delivery.error().detail;
    ASSERT_TRUE(delivery->sink()("hello "));
    ASSERT_TRUE(delivery->sink()("world"));
    EXPECT_TRUE(ids(*spool).empty()); // not complete
    ASSERT_TRUE(delivery->keep({"id-1", addressee, 11, 4}, {"http://x", "own", "theirs"}));
    EXPECT_EQ(spool->take("id-1").error().code, ErrorCode::file_error); // in use
    // A process that dies now leaves half a message behind.
    auto half = spool->create("id-2");
    ASSERT_TRUE(half);
    ASSERT_TRUE(half->sink()("half"));
  }
  const auto spool = cli::OutgoingSpool::open(path);
  ASSERT_TRUE(spool);
  EXPECT_FALSE(std::filesystem::exists(path + "/id-2"));
  EXPECT_EQ(ids(*spool), std::vector<std::string>{"id-1"});
  EXPECT_EQ(spool->take("id-2").error().code, ErrorCode::not_found);
  auto again = spool->take("id-1");
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->transfer().addressee, addressee);
  EXPECT_EQ(again->transfer().chunk_kib, 4u);
  EXPECT_EQ(again->parties().url, "http://x");
  EXPECT_EQ(base::read_range(again->message().value()).value(), "hello world");
  for (const char* other : {"shorter", "Hello world", "hello world!"}) {
    folder.write("state/osci/outgoing/id-1/message.osci", other);
    EXPECT_EQ(again->message().error().code, ErrorCode::file_error) << other;
  }
  ASSERT_TRUE(again->remove());
  EXPECT_TRUE(ids(*spool).empty());
}

TEST(OutgoingSpool, RefusesAStateThatIsNone) {
  test::TemporaryFolder folder;
  const auto spool = cli::OutgoingSpool::open(folder / "out");
  ASSERT_TRUE(spool);
  std::filesystem::create_directory(folder / "out/id-1");
  for (const char* text :
       {"", "[]", "{}", R"({"message_id":"id-1","addressee":"","size":1,"chunk_kib":1,"chunks":1})",
        R"({"message_id":"id-1","size":-1})"}) {
    folder.write("out/id-1/state.json", text);
    EXPECT_EQ(spool->take("id-1").error().code, ErrorCode::file_error) << text;
    int damaged = 0;
    EXPECT_TRUE(spool->ids([&damaged](const base::Error&) { ++damaged; }).value().empty());
    EXPECT_EQ(damaged, 1) << text;
  }
  // It stands in no other's way, and can be got rid of.
  auto other = spool->create("id-2");
  ASSERT_TRUE(other && other->sink()("x"));
  ASSERT_TRUE(other->keep({"id-2", support::key("bench2048_cipher").certificate, 1, 4}, {}));
  EXPECT_EQ(ids(*spool), std::vector<std::string>{"id-2"});
  EXPECT_EQ(spool->discard("id-2").error().code, ErrorCode::file_error); // in use
  EXPECT_TRUE(spool->discard("id-1"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/id-1"));
  EXPECT_EQ(spool->discard("id-1").error().code, ErrorCode::not_found);
}

TEST(Threshold, IsWhatTheUserSaysOrWhatIsAnnounced) {
  osci::Features features;
  EXPECT_EQ(cli::chunk_threshold({}, features), 30u << 20);
  features.chunks = osci::ChunkLimits{1, 100, 0, 0};
  EXPECT_EQ(cli::chunk_threshold({}, features), 100u << 10);
  features.chunks->max_chunk = 1 << 30;
  EXPECT_EQ(cli::chunk_threshold({}, features), 30u << 20);
  cli::ChunkOptions options;
  options.above = 5;
  EXPECT_EQ(cli::chunk_threshold(options, features), 5u);
}

TEST(ChunkProgress, CountsChunks) {
  const auto line = cli::chunk_line("sending", 64, 256, 1 << 20);
  EXPECT_NE(line.find("25%"), std::string::npos) << line;
  EXPECT_NE(line.find("chunk 64 of 256"), std::string::npos) << line;
}

} // namespace
