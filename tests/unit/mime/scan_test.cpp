// scan() says of octets outside of memory what parse() says of the same in memory.
#include "mime/scan.h"
#include <gtest/gtest.h>
#include <random>

namespace {

base::Result<mime::ScannedMessage> scan(const std::string& text, const mime::Limits& limits,
                                        std::size_t piece) {
  return mime::scan(std::make_shared<base::MemoryOctets>(text), limits, piece);
}

void expect_same(const std::string& text, const mime::Limits& limits, std::size_t piece) {
  const auto parsed = mime::parse(text, limits);
  const auto scanned = scan(text, limits, piece);
  ASSERT_EQ(parsed.has_value(), scanned.has_value())
      << (parsed ? scanned.error().detail : parsed.error().detail);
  if (!parsed) {
    EXPECT_EQ(parsed.error().code, scanned.error().code);
    EXPECT_EQ(parsed.error().detail, scanned.error().detail);
    return;
  }
  EXPECT_EQ(parsed->boundary, scanned->boundary);
  ASSERT_EQ(parsed->parts.size(), scanned->parts.size());
  for (std::size_t i = 0; i < parsed->parts.size(); ++i) {
    const auto& a = parsed->parts[i];
    const auto& b = scanned->parts[i];
    EXPECT_EQ(a.content_id, b.content_id);
    EXPECT_EQ(a.content_type, b.content_type);
    EXPECT_EQ(a.base64, b.base64);
    EXPECT_EQ(a.other_headers, b.other_headers);
    EXPECT_EQ(a.raw, *base::read_range(b.octets));
  }
}

const std::string kHead =
    "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=B\r\n\r\n";
std::string part(const std::string& id, const std::string& octets) {
  return "--B\r\nContent-ID: <" + id + ">\r\nContent-Type: text/xml\r\n\r\n" + octets + "\r\n";
}

TEST(MimeScan, FindsTheSamePartsWhereverAPieceEnds) {
  const std::string text = "\r\n\r\n" + kHead + "\r\n" + part("a", "<a/>") +
                           part("b", "\r\n-\r\n--\r\n\r\n--A--B \r\n-") + part("c", "") +
                           "--B--\r\n";
  for (std::size_t piece = 16; piece < text.size() + 2; ++piece) {
    SCOPED_TRACE(piece);
    expect_same(text, {}, piece);
  }
}

TEST(MimeScan, RefusesWhatTheReaderRefuses) {
  std::vector<std::string> bad = {"",
                                  "\r\n",
                                  "--B\r\n",
                                  kHead,
                                  kHead + "x--B\r\n",
                                  kHead + part("a", "x"),
                                  kHead + part("a", "x") + "--B",
                                  kHead + part("a", "x") + "--B-",
                                  kHead + part("a", "x") + "--B--x",
                                  kHead + part("a", "x") + "--B--\r",
                                  kHead + part("a", "x") + "--B--\rx",
                                  kHead + part("a", "x") + part("a", "y") + "--B--",
                                  kHead + "--B\r\nContent-ID: a\r\n\r\n--B--\r\n",
                                  kHead + "--B\r\nContent-ID: a\r\n",
                                  kHead + "--B\r\nnothing\r\n\r\n",
                                  "Content-Type: text/xml\r\n\r\n--B\r\n"};
  std::string long_line =
      kHead + "--B\r\nContent-ID: a\r\nX: " + std::string(5000, 'x') + "\r\n\r\n\r\n--B--";
  bad.push_back(long_line);
  std::string many = kHead + "--B\r\nContent-ID: a\r\n";
  for (int i = 0; i < 40; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  bad.push_back(many + "\r\nz\r\n--B--");
  for (const auto& text : bad)
    for (const std::size_t piece : {std::size_t{16}, std::size_t{4096}}) {
      expect_same(text, {}, piece);
      expect_same(text, mime::Limits{40, 4, 2}, piece);
    }
}

TEST(MimeScan, RandomMessagesAreReadAlike) {
  std::mt19937 random(7);
  const std::string pieces[] = {"\r\n",
                                "--B",
                                "\r\n--B",
                                "--",
                                "\r",
                                "\n",
                                "x",
                                "Content-ID: <a>\r\n",
                                "Content-ID: <b>\r\n",
                                "\r\n--B--\r\n",
                                "\r\n\r\n",
                                ": ",
                                " "};
  for (int round = 0; round < 4000; ++round) {
    std::string text = round % 4 ? kHead + "--B\r\nContent-ID: <x>\r\n\r\n" : "";
    for (auto n = random() % 30; n > 0; --n) text += pieces[random() % std::size(pieces)];
    SCOPED_TRACE(text);
    expect_same(text, {}, 16 + random() % 16);
  }
}

TEST(MimeScan, PartsPastTheLimitAreTooLarge) {
  std::string text = kHead;
  for (int i = 0; i < 4; ++i) text += part(std::to_string(i), "x");
  const auto scanned = scan(text + "--B--\r\n", mime::Limits{1000, 10, 3}, 4096);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, base::ErrorCode::too_large);
}

TEST(MimeScan, WriteToMakesWhatWriteMakes) {
  std::vector<mime::PartOut> parts(3);
  for (std::size_t i = 0; i < 3; ++i) parts[i].content_id = std::to_string(i);
  parts[0].bytes = "abc";
  parts[1].transfer_encoding = "base64";
  parts[1].bytes = "def";
  parts[2].bytes = "ghi";
  const std::string expected = mime::write("B_1", "<a/>", parts);
  parts[2].bytes = {};
  parts[2].range = {std::make_shared<base::MemoryOctets>("0ghi0"), 1, 3};
  std::string text;
  ASSERT_TRUE(mime::write_to("B_1", "<a/>", parts, [&](std::string_view piece) -> base::Result<> {
    text += piece;
    return {};
  }));
  EXPECT_EQ(text, expected);
}

} // namespace
