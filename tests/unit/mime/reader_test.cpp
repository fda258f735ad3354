#include "mime/message.h"
#include <gtest/gtest.h>

using base::ErrorCode;
using mime::parse;

namespace {

const std::string kHead =
    "MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=B; type=text/xml\r\n\r\n";
const std::string kXml =
    "Content-Type: text/xml; charset=UTF-8\r\nContent-ID: <osci@message>\r\n\r\n<a/>";

std::string with_head(const std::string& head) {
  return head + "--B\r\n" + kXml + "\r\n--B--\r\n";
}
std::string with_part(const std::string& part) {
  return kHead + "--B\r\n" + kXml + "\r\n--B\r\n" + part + "\r\n--B--\r\n";
}

struct Case {
  const char* name;
  std::string body;
};

} // namespace

TEST(MimeReader, SplitsTheXmlPartAndAttachments) {
  const std::string body = with_part(
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: 8-bit\r\n"
      "Content-ID: <d:/xplog.txt>\r\nContent-Length: 9\r\nX-One: 1\r\nX-Two:  zwei \r\n\r\n"
      "\0binary\r\n\xff");
  const auto message = parse(body, {});
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->boundary, "B");
  ASSERT_EQ(message->parts.size(), 2u);
  EXPECT_EQ(message->parts[0].raw, "<a/>");
  EXPECT_EQ(message->parts[0].content_id, "osci@message");
  EXPECT_EQ(message->parts[0].content_type, "text/xml; charset=UTF-8");
  EXPECT_EQ(message->parts[0].transfer_encoding, "");
  EXPECT_EQ(message->parts[0].other_headers, "");
  EXPECT_EQ(message->parts[1].content_id, "d:/xplog.txt");
  EXPECT_EQ(message->parts[1].transfer_encoding, "8-bit");
  EXPECT_EQ(message->parts[1].other_headers, "X-One: 1\r\nX-Two: zwei");
  EXPECT_FALSE(message->parts[1].base64);
}

TEST(MimeReader, KeepsOctetsOfAPartAsTheyAre) {
  const std::string octets("\0\r\n--\r\n-B\r\n--A\r\r\n\n\xff", 19);
  const auto body = with_part("Content-ID: x\r\n\r\n" + octets);
  const auto message = parse(body, {});
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->parts[1].raw, octets);
  EXPECT_EQ(message->parts[1].decoded().value(), octets);
}

TEST(MimeReader, ViewsPointIntoTheBody) {
  const std::string body = with_head(kHead);
  const auto message = parse(body, {});
  ASSERT_TRUE(message);
  const auto inside = [&](std::string_view view) {
    return view.data() >= body.data() && view.data() + view.size() <= body.data() + body.size();
  };
  EXPECT_TRUE(inside(message->boundary));
  EXPECT_TRUE(inside(message->parts[0].raw));
  EXPECT_TRUE(inside(message->parts[0].content_id));
}

TEST(MimeReader, ToleratesWhatPeersWrite) {
  const Case table[] = {
      {"blank lines first", with_head("\r\n\r\n" + kHead)},
      {"no MIME-Version", with_head("Content-Type: multipart/related; boundary=B\r\n\r\n")},
      {"header names in any case",
       with_head("mime-version: 1.0\r\nCONTENT-TYPE: MULTIPART/RELATED; boundary=B\r\n\r\n")},
      {"folded header",
       with_head("Content-Type: multipart/related;\r\n boundary=B;\r\n\ttype=text/xml\r\n\r\n")},
      {"boundary quoted", with_head("Content-Type: multipart/related; boundary=\"B\"\r\n\r\n")},
      {"boundary before type",
       with_head("Content-Type: multipart/related; type=\"text/xml; a=b\"; boundary=B\r\n\r\n")},
      {"no blank after semicolon",
       with_head("Content-Type: multipart/related;boundary=B;type=text/xml\r\n\r\n")},
      {"blank only as separator", with_head("Content-Type: multipart/related boundary=B\r\n\r\n")},
      {"blank lines before the delimiter", with_head(kHead + "\r\n\r\n")},
      {"unknown message header", with_head("X-Any: thing\r\n" + kHead)},
      {"no blank after the colon", with_head("Content-Type:multipart/related; boundary=B\r\n\r\n")},
      {"epilogue", with_head(kHead) + "anything\r\n--B\r\n"},
      {"end of body directly after the final delimiter",
       [] {
         auto body = with_head(kHead);
         body.resize(body.size() - 2);
         return body;
       }()},
      {"charset in another case",
       with_part("Content-ID: x\r\nContent-Type: text/plain; Charset=\"utf-8\"\r\n\r\n")},
      {"wrong Content-Length",
       with_part("Content-ID: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc")},
      {"empty part", with_part("Content-ID: x\r\n\r\n")},
      {"Content-ID on a folded line", with_part("Content-ID:\r\n <x>\r\n\r\n")},
      {"Content-ID of other characters", with_part("Content-ID: <d:/\xc3\xa4 b%20.txt>\r\n\r\n")},
      {"8bit", with_part("Content-ID: x\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n")},
      {"7bit", with_part("Content-ID: x\r\nContent-Transfer-Encoding: 7bit\r\n\r\n")},
      {"binary", with_part("Content-ID: x\r\nContent-Transfer-Encoding: binary\r\n\r\n")},
  };
  for (const auto& one : table) {
    const auto message = parse(one.body, {});
    EXPECT_TRUE(message) << one.name << ": " << message.error().detail;
    if (message) {
      EXPECT_EQ(message->parts[0].raw, "<a/>") << one.name;
    }
  }
}

TEST(MimeReader, TakesTheUnquotedBoundaryOfTheReferenceClient) {
  const std::string boundary = "MIME_boundary_eK9+EvYJfd9zXLKGMndLri6/azvZzweO";
  const std::string body = "Content-Type: Multipart/Related; boundary=" + boundary +
                           "; type=text/xml\r\n\r\n--" + boundary + "\r\n" + kXml + "\r\n--" +
                           boundary + "--\r\n";
  const auto message = parse(body, {});
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->boundary, boundary);
}

TEST(MimeReader, RefusesWhatPeersRefuse) {
  const std::string final = "\r\n--B--\r\n";
  const Case table[] = {
      {"empty", ""},
      {"blank lines only", "\r\n\r\n"},
      {"no header", "hello"},
      {"header line without colon", with_head("hello\r\n" + kHead)},
      {"header name with a blank",
       with_head("Content-Type : multipart/related; boundary=B\r\n\r\n")},
      {"first line folded", with_head(" " + kHead)},
      {"MIME-Version 1.1",
       with_head("MIME-Version: 1.1\r\nContent-Type: multipart/related; boundary=B\r\n\r\n")},
      {"MIME-Version twice", with_head("MIME-Version: 1.0\r\n" + kHead)},
      {"Content-Type twice", with_head("Content-Type: text/xml\r\n" + kHead)},
      {"no Content-Type", with_head("MIME-Version: 1.0\r\n\r\n")},
      {"other media type", with_head("Content-Type: multipart/mixed; boundary=B\r\n\r\n")},
      {"no boundary", with_head("Content-Type: multipart/related; type=text/xml\r\n\r\n")},
      {"Boundary in upper case", with_head("Content-Type: multipart/related; Boundary=B\r\n\r\n")},
      {"two boundaries",
       with_head("Content-Type: multipart/related; boundary=B; boundary=B\r\n\r\n")},
      {"empty boundary", with_head("Content-Type: multipart/related; boundary=\r\n\r\n")},
      {"empty quoted boundary",
       with_head("Content-Type: multipart/related; boundary=\"\"\r\n\r\n")},
      {"boundary with a blank",
       with_head("Content-Type: multipart/related; boundary=\"B C\"\r\n\r\n")},
      {"boundary without closing quote",
       with_head("Content-Type: multipart/related; boundary=\"B\r\n\r\n")},
      {"boundary too long", with_head("Content-Type: multipart/related; boundary=" +
                                      std::string(201, 'B') + "\r\n\r\n")},
      {"boundary with an octet past ASCII",
       with_head("Content-Type: multipart/related; boundary=\xc3\xa4\r\n\r\n")},
      {"preamble", with_head(kHead + "preamble\r\n")},
      {"LF only",
       "Content-Type: multipart/related; boundary=B\n\n--B\nContent-ID: x\n\n<a/>\n--B--\n"},
      {"LF in a header", with_head("X: a\nY: b\r\n" + kHead)},
      {"CR in a header", with_head("X: a\rY: b\r\n" + kHead)},
      {"NUL in a header", with_head(std::string("X: a\0b\r\n", 8) + kHead)},
      {"blank after the delimiter", kHead + "--B \r\n" + kXml + final},
      {"other text after the delimiter", kHead + "--BB\r\n" + kXml + final},
      {"a longer delimiter inside a part", kHead + "--B\r\n" + kXml + "\r\n--BX\r\n" + final},
      {"no final delimiter", kHead + "--B\r\n" + kXml},
      {"next delimiter only", kHead + "--B\r\n" + kXml + "\r\n--B\r\n"},
      {"text after the final delimiter", kHead + "--B\r\n" + kXml + "\r\n--B--x\r\n"},
      {"one octet of CRLF after the final delimiter", kHead + "--B\r\n" + kXml + "\r\n--B--\r"},
      {"no part", kHead + "--B--\r\n"},
      {"LF before the delimiter", kHead + "--B\r\n" + kXml + "\n--B--\r\n"},
      {"headers without a blank line", with_part("Content-ID: x")},
      {"no Content-ID", with_part("Content-Type: text/plain\r\n\r\n")},
      {"no headers", with_part("\r\nabc")},
      {"empty Content-ID", with_part("Content-ID: \r\n\r\n")},
      {"empty Content-ID in brackets", with_part("Content-ID: <>\r\n\r\n")},
      {"half a bracket", with_part("Content-ID: <x\r\n\r\n")},
      {"the other half", with_part("Content-ID: x>\r\n\r\n")},
      {"only a bracket", with_part("Content-ID: <\r\n\r\n")},
      {"Content-ID twice", with_part("Content-ID: x\r\ncontent-id: y\r\n\r\n")},
      {"Content-ID folded inside", with_part("Content-ID: <x\r\n y>\r\n\r\n")},
      {"Content-ID not in UTF-8", with_part("Content-ID: <\xe4>\r\n\r\n")},
      {"Content-ID of the XML part repeated", with_part("Content-ID: osci@message\r\n\r\n")},
      {"Content-Type of a part twice",
       with_part("Content-ID: x\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n")},
      {"other charset",
       with_part("Content-ID: x\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\r\n")},
      {"one charset of two wrong",
       with_part("Content-ID: x\r\nContent-Type: text/plain; charset=utf-8; charset=x\r\n\r\n")},
      {"quote without end",
       with_part("Content-ID: x\r\nContent-Type: text/plain; name=\"a\\\"\r\n\r\n")},
      {"quoted-printable",
       with_part("Content-ID: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")},
      {"transfer encoding twice", with_part("Content-ID: x\r\nContent-Transfer-Encoding: "
                                            "8bit\r\nContent-Transfer-Encoding: base64\r\n\r\n")},
      {"delimiter directly after the headers",
       kHead + "--B\r\n" + kXml + "\r\n--B\r\nContent-ID: x\r\n\r\n--B--\r\n"},
  };
  for (const auto& one : table) {
    const auto message = parse(one.body, {});
    ASSERT_FALSE(message) << one.name;
    EXPECT_EQ(message.error().code, ErrorCode::malformed_message) << one.name;
    EXPECT_FALSE(message.error().detail.empty()) << one.name;
  }
}

TEST(MimeReader, DecodesBothWaysOfSayingBase64) {
  for (const char* headers :
       {"Content-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: BASE64\r\n",
        "Content-Type: text/base64\r\nContent-Transfer-Encoding: 7bit\r\n",
        "Content-Type: Text/Base64; x=y\r\n"}) {
    const auto body = with_part(std::string("Content-ID: x\r\n") + headers + "\r\nZm9v\nYg==\n");
    const auto message = parse(body, {});
    ASSERT_TRUE(message) << headers;
    EXPECT_TRUE(message->parts[1].base64) << headers;
    EXPECT_EQ(message->parts[1].decoded().value(), "foob") << headers;
  }
}

TEST(MimeReader, WrongBase64IsAnErrorOfDecodingOnly) {
  const auto body = with_part("Content-ID: x\r\nContent-Transfer-Encoding: base64\r\n\r\n!!");
  const auto message = parse(body, {});
  ASSERT_TRUE(message);
  const auto decoded = message->parts[1].decoded();
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::malformed_message);
}

TEST(MimeReader, UnfoldsHeaderValues) {
  const auto body = with_part("Content-ID: x\r\nContent-Type: text/plain;\r\n\tname=a\r\nX-Long: "
                              "one\r\n  two\r\n \r\n\r\n");
  const auto message = parse(body, {});
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->parts[1].content_type, "text/plain;\tname=a");
  EXPECT_EQ(message->parts[1].other_headers, "X-Long: one  two");
}

TEST(MimeReader, TakesABareMultipartWhenHttpNamesIt) {
  const std::string body = "--B\r\n" + kXml + "\r\n--B--\r\n";
  const auto message = parse(body, {}, "multipart/related; boundary=\"B\"; type=\"text/xml\"");
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(message->parts[0].raw, "<a/>");
  EXPECT_EQ(message->boundary.data(), body.data() + 2);
  EXPECT_TRUE(parse("\r\n" + body, {}, "Multipart/Related;boundary=B"));
  for (const char* type : {"", "text/xml", "text/xml; boundary=B", "multipart/related",
                           "multipart/related; boundary=C"})
    EXPECT_FALSE(parse(body, {}, type)) << type;
}

TEST(MimeReader, HeadersInTheBodyWinOverHttp) {
  EXPECT_TRUE(parse(with_head(kHead), {}, "multipart/related; boundary=other"));
  EXPECT_FALSE(parse(with_head("MIME-Version: 1.0\r\n\r\n"), {}, "multipart/related; boundary=B"));
}

TEST(MimeReader, ExceededLimitsAreRefused) {
  mime::Limits limits;
  limits.header_line = 90;
  limits.header_lines = 3;
  limits.parts = 2;
  EXPECT_TRUE(parse(with_part("Content-ID: x\r\nA: 1\r\nB: 2\r\n\r\n"), limits));
  EXPECT_TRUE(parse(with_part("Content-ID: x\r\nA: " + std::string(87, 'a') + "\r\n\r\n"), limits));
  const Case table[] = {
      {"header line", with_part("Content-ID: x\r\nA: " + std::string(88, 'a') + "\r\n\r\n")},
      {"folded header line", with_part("Content-ID: x\r\nA: " + std::string(50, 'a') + "\r\n " +
                                       std::string(50, 'a') + "\r\n\r\n")},
      {"header line without end", kHead + "--B\r\n" + std::string(1000, 'a')},
      {"header lines", with_part("Content-ID: x\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n")},
      {"parts", with_part("Content-ID: x\r\n\r\n\r\n--B\r\nContent-ID: y\r\n\r\n")},
  };
  for (const auto& one : table) {
    const auto message = parse(one.body, limits);
    ASSERT_FALSE(message) << one.name;
    // Too many parts may be an honest message of a large application; no header is honestly that
    // long.
    EXPECT_EQ(message.error().code, one.name == std::string_view("parts")
                                        ? ErrorCode::too_large
                                        : ErrorCode::malformed_message)
        << one.name;
  }
}

TEST(MimeReader, EveryTruncationIsRefusedUntilTheFinalDelimiterIsThere) {
  const std::string body =
      with_part("Content-ID: x\r\nContent-Type: text/plain;\r\n name=\"a\"\r\nX: y\r\n\r\nabc");
  const std::size_t complete = body.size() - 2;
  for (std::size_t size = 0; size <= body.size(); ++size) {
    // A copy of its own, so that a sanitizer sees every read past the end.
    const std::vector<char> cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    const auto message = parse({cut.data(), cut.size()}, {});
    EXPECT_EQ(message.has_value(), size == complete || size == body.size()) << size;
  }
}

TEST(MimeReader, EveryChangedOctetIsSurvived) {
  const std::string body =
      with_part("Content-ID: x\r\nContent-Type: text/plain; name=\"a\"\r\n\r\nabc");
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (const char c : {'\0', '\r', '\n', ' ', '"', '-', ':', '\xff'}) {
      std::string changed = body;
      changed[at] = c;
      const auto message = parse(changed, {});
      if (message) {
        EXPECT_FALSE(message->parts.empty());
      }
    }
  }
}

TEST(MimeReader, HostileInputEndsBeforeTheTestIsStopped) {
  mime::Limits limits;
  limits.parts = 1'000'000;
  limits.header_line = 8'000'000;
  limits.header_lines = 1'000'000;
  const std::string long_boundary(200, 'B');
  std::string many = kHead;
  for (int i = 0; i < 60'000; ++i)
    many += "--B\r\nContent-ID: " + std::to_string(i) + "\r\n\r\n\r\n";
  std::string nearly = "Content-Type: multipart/related; boundary=" + long_boundary + "\r\n\r\n--" +
                       long_boundary + "\r\n" + kXml;
  for (int i = 0; i < 20'000; ++i) nearly += "\r\n--" + std::string(199, 'B');
  std::string folds = "X: a";
  for (int i = 0; i < 1'000'000; ++i) folds += "\r\n ";
  std::string lines;
  for (int i = 0; i < 400'000; ++i) lines += "X: a\r\n";
  std::string blank;
  for (int i = 0; i < 2'000'000; ++i) blank += "\r\n";
  const Case table[] = {
      {"many parts", many + "--B--\r\n"},
      {"near misses of the delimiter", nearly},
      {"line ends", kHead + "--B\r\n" + kXml + std::string(4'000'000, '\r')},
      {"folding", folds},
      {"header lines", lines},
      {"blank lines", blank},
      {"parameters", "Content-Type: multipart/related" + std::string(4'000'000, ';') + "\r\n\r\n"},
      {"quotes",
       "Content-Type: multipart/related; a=\"" + std::string(4'000'000, '\\') + "\r\n\r\n"},
  };
  for (const auto& one : table) {
    // Quadratic work on these sizes would take hours; ctest's limit then stops the test.
    SCOPED_TRACE(one.name);
    static_cast<void>(parse(one.body, limits));
  }
}
