// write() then parse() gives back what went in, for random messages of a fixed seed.
#include "mime/message.h"
#include <gtest/gtest.h>
#include <random>

namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  // Prefers what the reader has to be careful about.
  std::string octets(std::size_t limit) {
    static const std::string pieces[] = {"\r\n", "--",   "\r\n--", "\r\n--MIME_boundary_",
                                         "\r",   "\n",   "-",      std::string("\0", 1),
                                         "\xff", "text", "--\r\n"};
    std::string out;
    for (std::size_t n = below(limit); n > 0; --n) {
      if (below(3) != 0)
        out += pieces[below(std::size(pieces))];
      else
        out.push_back(static_cast<char>(random_()));
    }
    return out;
  }

  std::string word(std::string_view alphabet, std::size_t limit) {
    std::string out;
    for (std::size_t n = 1 + below(limit); n > 0; --n)
      out.push_back(alphabet[below(alphabet.size())]);
    return out;
  }

 private:
  std::mt19937 random_;
};

} // namespace

TEST(MimeProperty, WhatIsWrittenIsReadAgain) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Generator g(seed);
    const std::string boundary = "MIME_boundary_" + g.word("abcXYZ019_", 40);
    std::string xml = "<a>" + g.octets(20) + "</a>";
    std::vector<std::string> contents(g.below(6));
    for (auto& content : contents) content = g.octets(200);
    const auto collides = [&](const std::string& text) {
      return text.starts_with("--" + boundary) ||
             text.find("\r\n--" + boundary) != std::string::npos;
    };
    std::vector<mime::PartOut> parts;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      if (collides(contents[i])) continue;
      mime::PartOut part;
      part.content_id = std::to_string(i) + g.word("abc<>@:/%. \"\\;=", 20) + "x";
      constexpr const char* types[] = {"", "application/pdf", "text/base64",
                                       "text/plain; charset=UTF-8; name=\"a b\""};
      part.content_type = types[g.below(4)];
      constexpr const char* encodings[] = {"", "8bit", "8-bit", "binary", "base64", "7bit"};
      part.transfer_encoding = encodings[g.below(6)];
      for (std::size_t n = g.below(3); n > 0; --n)
        part.other_headers += (part.other_headers.empty() ? "X-" : "\r\nX-") + g.word("abc-", 9) +
                              ": " + g.word("ab;:=\"<", 9);
      part.bytes = contents[i];
      parts.push_back(std::move(part));
    }
    if (collides(xml)) xml = "<a/>";

    const std::string text = mime::write(boundary, xml, parts);
    const auto message = mime::parse(text, {});
    ASSERT_TRUE(message) << message.error().detail;
    EXPECT_EQ(message->boundary, boundary);
    ASSERT_EQ(message->parts.size(), parts.size() + 1);
    EXPECT_EQ(message->parts[0].raw, xml);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& in = parts[i];
      const auto& out = message->parts[i + 1];
      EXPECT_EQ(out.content_id, in.content_id);
      EXPECT_EQ(out.content_type,
                in.content_type.empty() ? "application/octet-stream" : in.content_type);
      EXPECT_EQ(out.transfer_encoding,
                in.transfer_encoding.empty() ? "binary" : in.transfer_encoding);
      EXPECT_EQ(out.other_headers, in.other_headers);
      EXPECT_EQ(out.decoded().value(), in.bytes);
    }
  }
}

TEST(MimeProperty, RandomOctetsAreSurvived) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Generator g(seed);
    std::string body =
        "Content-Type: multipart/related; boundary=MIME_boundary_\r\n\r\n--MIME_boundary_\r\n" +
        std::string(g.below(2) ? "Content-ID: x\r\n" : "") + g.octets(60);
    const auto message = mime::parse(body, {});
    if (message) {
      EXPECT_FALSE(message->parts.empty());
    }
  }
}
