#include "mime/message.h"
#include <gtest/gtest.h>

using mime::PartOut;
using mime::write;

namespace {

PartOut part(std::string id, std::string_view bytes) {
  PartOut out;
  out.content_id = std::move(id);
  out.bytes = bytes;
  return out;
}

} // namespace

TEST(MimeWriter, WritesTheLayoutOfTheReferenceClient) {
  auto attachment = part("test.txt", "some text");
  attachment.transfer_encoding = "8bit";
  attachment.other_headers = "X-One: 1\r\nX-Two: 2";
  EXPECT_EQ(write("MIME_boundary_1", "<a/>", {attachment}),
            "MIME-Version: 1.0\r\n"
            "Content-Type: Multipart/Related; boundary=MIME_boundary_1; type=text/xml\r\n"
            "\r\n"
            "--MIME_boundary_1\r\n"
            "Content-Type: text/xml; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "Content-ID: <osci@message>\r\n"
            "\r\n"
            "<a/>\r\n"
            "--MIME_boundary_1\r\n"
            "Content-Type: application/octet-stream\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "Content-ID: <test.txt>\r\n"
            "X-One: 1\r\n"
            "X-Two: 2\r\n"
            "\r\n"
            "some text\r\n"
            "--MIME_boundary_1--\r\n");
}

TEST(MimeWriter, EncodesBase64PartsOfBothForms) {
  auto by_encoding = part("a", "foob");
  by_encoding.transfer_encoding = "base64";
  auto by_type = part("b", "foob");
  by_type.content_type = "text/base64; x=y";
  by_type.transfer_encoding = "7bit";
  const auto text = write("B", "<a/>", {by_encoding, by_type});
  const auto message = mime::parse(text, {});
  ASSERT_TRUE(message);
  for (const std::size_t i : {1u, 2u}) {
    EXPECT_EQ(message->parts[i].raw, "Zm9vYg==");
    EXPECT_EQ(message->parts[i].decoded().value(), "foob");
  }
}

TEST(MimeWriter, FillsInHeadersThatPeersCannotDoWithout) {
  auto attachment = part("a", "");
  attachment.content_type.clear();
  attachment.transfer_encoding.clear();
  const auto text = write("B", "<a/>", {attachment});
  const auto message = mime::parse(text, {});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->parts[1].content_type, "application/octet-stream");
  EXPECT_EQ(message->parts[1].transfer_encoding, "binary");
}

TEST(MimeWriter, NeverWritesAForgedHeader) {
  for (const char* bad : {"a\r\nX: y", "a\nX: y", "a\rX: y", "a\x01"}) {
    EXPECT_THROW(write("B", "", {part(bad, "")}), base::InternalError);
    auto one = part("a", "");
    one.content_type = bad;
    EXPECT_THROW(write("B", "", {one}), base::InternalError);
    one = part("a", "");
    one.transfer_encoding = bad;
    EXPECT_THROW(write("B", "", {one}), base::InternalError);
  }
  for (const char* bad : {"X", "X: a\r\n", "X: a\r\n\r\nbody", "X: a\r\nY", ": a", "X: a\nY: b",
                          " X: a", "\r\nX: a"}) {
    auto one = part("a", "");
    one.other_headers = bad;
    EXPECT_THROW(write("B", "", {one}), base::InternalError) << bad;
  }
  EXPECT_THROW(write("B", "", {part("", "")}), base::InternalError);
}

TEST(MimeWriter, TakesOnlyBoundariesThatEveryReaderTakes) {
  for (const char* boundary : {"", "a b", "a+b", "a/b", "a;b", "a\r\n", "\xc3\xa4"})
    EXPECT_THROW(write(boundary, "", {}), base::InternalError) << boundary;
  EXPECT_NO_THROW(write("MIME_boundary_09azAZ", "", {}));
}
