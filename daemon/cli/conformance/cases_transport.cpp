// MIME and HTTP (wire reference 3): what must be understood, what must be written, what is refused.
#include "base/encoding.h"
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include "mime/message.h"
#include <algorithm>

namespace cli::conformance {

using osci::MessageType;

namespace {

// GetMessageId, encrypted, as bytes.
std::string simple(Bench& b) {
  return b.seal(b.sender(), b.request(b.sender(), MessageType::get_message_id));
}

std::string boundary_of(const std::string& wire) {
  const auto begin = wire.find("boundary=") + 9;
  return wire.substr(begin, wire.find(';', begin) - begin);
}

std::string with_boundary(std::string wire, const std::string& to, const std::string& declared) {
  const std::string from = boundary_of(wire);
  wire = replaced(wire, "boundary=" + from, "boundary=" + declared);
  for (std::size_t at = 0; (at = wire.find("--" + from, at)) != std::string::npos; at += to.size())
    wire.replace(at + 2, from.size(), to);
  return wire;
}

// The other spelling of every MIME header name in front of the XML part.
std::string other_case(std::string wire) {
  wire = replaced(wire, "MIME-Version:", "mime-VERSION:");
  wire = replaced(wire, "Content-Type: Multipart/Related;",
                  "CONTENT-type:\r\n Multipart/Related;\r\n\t");
  return replaced(wire, "Content-ID:", "content-id:");
}

// Accepted in this form, answered like any other.
struct Accepted {
  const char* name;
  const char* section;
  const char* title;
  std::function<std::string(Bench&)> wire;
  const char* content_type = "text/xml";
};

const std::vector<Accepted>& accepted() {
  static const std::vector<Accepted> table = {
      {"http-text-xml", "3.4, 14.1 M1", "HTTP Content-Type text/xml, as the library sends it.",
       simple},
      {"http-multipart", "3.4, 14.1 M1",
       "HTTP Content-Type multipart/related while the MIME headers stand in the body.", simple,
       "multipart/related; boundary=\"other\"; type=\"text/xml\""},
      {"http-octet-stream", "3.4, 14.1 M1", "HTTP Content-Type application/octet-stream.", simple,
       "application/octet-stream"},
      {"boundary-plus-slash", "3.1, 14.1 M6", "An unquoted boundary with + and /.",
       [](Bench& b) {
         return with_boundary(simple(b), "MIME_boundary_a+b/c", "MIME_boundary_a+b/c");
       }},
      {"boundary-quoted", "3.1, 14.1 M6", "A quoted boundary.",
       [](Bench& b) { return with_boundary(simple(b), "MIME_boundary_q", "\"MIME_boundary_q\""); }},
      {"mime-version-absent", "3.1, 14.1 M6", "No MIME-Version.",
       [](Bench& b) { return replaced(simple(b), "MIME-Version: 1.0\r\n", ""); }},
      {"header-names-any-case", "3.1", "Header names in any case, folded header lines.",
       [](Bench& b) { return other_case(simple(b)); }},
      {"blank-lines-first", "3.1", "Blank lines before the first header.",
       [](Bench& b) { return "\r\n\r\n" + simple(b); }},
      {"content-id-without-brackets", "3.1", "Content-ID without angle brackets.",
       [](Bench& b) { return replaced(simple(b), "<osci@message>", "osci@message"); }},
      {"part-length-ignored", "3.1, 14.1 M5",
       "A wrong Content-Length of the XML part, as the library writes it, does not frame it.",
       [](Bench& b) {
         return replaced(simple(b), "Content-ID: <osci@message>\r\n",
                         "Content-ID: <osci@message>\r\nContent-Length: 2202\r\n");
       }},
      {"no-crlf-at-the-end", "3.1", "No CRLF behind the final delimiter.",
       [](Bench& b) {
         auto wire = simple(b);
         while (wire.ends_with("\r\n")) wire.resize(wire.size() - 2);
         return wire;
       }},
  };
  return table;
}

// An attachment in every transfer coding that peers write arrives with the same octets.
std::string attachment_coding(Bench& b, const std::string& label, bool base64) {
  auto request = b.delivery();
  const std::string octets =
      label == "7bit" ? std::string("eins\r\nzwei") : std::string("\0\x01 \xff\r\nzwei\n", 11);
  request.content.attachments = {{"anlage.bin", "application/octet-stream", "", octets, base64}};
  auto text = b.clear(request);
  const auto at = text.find("Content-ID: <anlage.bin>");
  const auto head = text.rfind("Content-Type:", at);
  const auto coding = text.find("Content-Transfer-Encoding: ", head);
  text.replace(coding + 27, text.find("\r\n", coding) - coding - 27, label);
  const auto stored = b.send(b.wrap(text), &b.sender());
  expect(stored.code == "0800", "StoreDelivery: " + stored.codes());
  const auto fetched = b.dialog(b.recipient()).fetch(b.last_id());
  expect(fetched.answer.content && fetched.answer.content->attachments.size() == 1,
         "fetch: " + fetched.codes());
  expect(fetched.answer.content->attachments[0].bytes == octets, "the octets have changed");
  return "0800, same octets";
}

std::string answer_head(Bench& b) {
  const auto reply = b.post(simple(b));
  const auto& body = reply.body;
  const auto head = body.substr(0, body.find("\r\n\r\n", body.find("oundary")));
  const auto start = body.find_first_not_of("\r\n");
  expect(start != std::string::npos &&
             (base::to_lower_ascii(body.substr(start, 13)) == "mime-version:" ||
              base::to_lower_ascii(body.substr(start, 13)) == "content-type:"),
         "the body does not begin with MIME headers");
  expect(head.find("boundary=") != std::string::npos, "no parameter boundary in lower case");
  for (std::size_t i = 0; i < head.size(); ++i)
    expect(head[i] != '\n' || (i > 0 && head[i - 1] == '\r'), "a line ends without CR");
  const auto parts = mime::parse(body, {});
  expect(parts.has_value(), "no MIME message");
  expect(body.find("\r\n--" + std::string(parts->boundary) + "--") != std::string::npos,
         "no final delimiter");
  return "MIME headers in the body";
}

std::string answer_parts(Bench& b) {
  const auto reply = b.post(simple(b));
  const auto parts = mime::parse(reply.body, {});
  expect(parts.has_value(), "no MIME message");
  expect(parts->parts.size() == 2, std::to_string(parts->parts.size()) + " parts");
  expect(base::to_lower_ascii(parts->parts[0].content_type).starts_with("text/xml"),
         "the first part is not XML");
  for (const auto& part : parts->parts)
    expect(!part.content_id.empty(), "a part without Content-ID");
  expect(!parts->parts[1].transfer_encoding.empty(),
         "the encrypted part has no Content-Transfer-Encoding");
  return "2 parts, XML first";
}

std::string with_base64_part(Bench& b, bool text_base64) {
  auto options = b.encrypting();
  options.base64 = true;
  const auto request = b.request(b.sender(), MessageType::get_message_id);
  auto wire = b.close(osci::encode_request(request), b.signing(b.sender()), options);
  if (!text_base64) {
    wire = replaced(wire, "Content-Type: text/base64", "Content-Type: application/octet-stream");
    wire = replaced(wire, "Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: BASE64");
  }
  const auto heard = b.send(wire, &b.sender());
  b.check_echo(request, heard);
  return expect_code(heard, "0800");
}

std::string thousands_of_parts() {
  std::string out = "MIME-Version: 1.0\r\nContent-Type: Multipart/Related; boundary=B\r\n\r\n";
  for (int i = 0; i < 5000; ++i)
    out += "--B\r\nContent-ID: <" + std::to_string(i) + ">\r\n\r\nx\r\n";
  return out + "--B--\r\n";
}

} // namespace

void add_transport(std::vector<Case>& out) {
  const char* group = "transport";
  for (const auto& one : accepted())
    out.push_back({group, one.name, one.section, one.title, "0800",
                   [wire = one.wire, type = std::string(one.content_type)](Bench& b) {
                     return expect_code(b.hear(b.post(wire(b), type), &b.sender()), "0800");
                   }});
  out.push_back({group, "http-chunked", "3.4, 14.1 M1", "A body in HTTP chunked transfer coding.",
                 "0800", [](Bench& b) {
                   return expect_code(b.hear(b.post_chunked(simple(b)), &b.sender()), "0800");
                 }});
  out.push_back({group, "payload-text-base64", "5.1, 14.1 M6",
                 "The encrypted part as text/base64 with transfer encoding 7bit.", "0800",
                 [](Bench& b) { return with_base64_part(b, true); }});
  out.push_back({group, "payload-transfer-base64", "3.1, 5.1",
                 "The encrypted part with transfer encoding BASE64.", "0800",
                 [](Bench& b) { return with_base64_part(b, false); }});
  for (const auto& [label, base64] :
       {std::pair{"8bit", false}, std::pair{"8-bit", false}, std::pair{"binary", false},
        std::pair{"7bit", false}, std::pair{"base64", true}, std::pair{"Base64", true}})
    out.push_back(
        {group,
         std::string("attachment-") + (base64 ? "coded-" : "") +
             (label == std::string_view("Base64") ? "base64-any-case" : label),
         "3.1, 6.5, 14.1 M6",
         std::string("An attachment with transfer encoding ") + label + " keeps its octets.",
         "0800, same octets", [label = std::string(label), base64 = base64](Bench& b) {
           return attachment_coding(b, label, base64);
         }});
  out.push_back({group, "answer-head", "3.1, 14.1 M2",
                 "Answers begin with MIME headers, boundary in lower case, CRLF, final delimiter.",
                 "MIME headers in the body", answer_head});
  out.push_back({group, "answer-parts", "3.1, 3.2, 14.1 M3",
                 "Answers: XML part first, Content-ID everywhere, Content-Transfer-Encoding.",
                 "2 parts, XML first", answer_parts});
  out.push_back({group, "fault-status", "3.4, 14.1 M4",
                 "A SOAP fault travels with HTTP 200: the sample transport reads nothing else.",
                 "HTTP 200", [](Bench& b) {
                   const auto reply = b.post("no message");
                   expect(reply.status == 200, "HTTP " + std::to_string(reply.status));
                   expect(b.hear(reply).fault, "no fault");
                   return std::string("HTTP 200");
                 }});
  add_messages(
      out, group,
      {{"no-mime", "3.1, 10.6", "9100", "XML without MIME is refused.",
        [](Bench&) { return std::string("<soap:Envelope/>"); }},
       {"empty-body", "3.1, 10.6", "9100 or HTTP 4xx", "An empty body is refused.",
        [](Bench&) { return std::string(); }},
       {"final-delimiter-missing", "3.1", "9100", "No final delimiter.",
        [](Bench& b) {
          const auto wire = simple(b);
          return wire.substr(0, wire.rfind("\r\n--"));
        }},
       {"line-feeds-only", "3.1", "9100 or 9300", "LF instead of CRLF.",
        [](Bench& b) {
          auto text = b.clear(b.delivery());
          std::erase(text, '\r');
          return text;
        }},
       {"content-id-missing", "3.1", "9100", "A part without Content-ID.",
        [](Bench& b) { return replaced(simple(b), "Content-ID: <osci@message>\r\n", ""); }},
       {"attachment-named-twice", "3.1", "9100 or 9202 or 9300",
        "Two attachments of one Content-ID.",
        [](Bench& b) {
          auto request = b.delivery();
          request.content.attachments = {{"eins", "application/pdf", "", "x", false},
                                         {"zwei", "application/pdf", "", "y", false}};
          return b.wrap(replaced(b.clear(request), "<zwei>", "<eins>"));
        }},
       {"mime-version-2", "3.1", "9100", "MIME-Version other than 1.0.",
        [](Bench& b) { return replaced(simple(b), "MIME-Version: 1.0", "MIME-Version: 2.0"); }},
       {"charset-latin1", "3.1", "9100", "A part in another charset than UTF-8.",
        [](Bench& b) { return replaced(simple(b), "charset=UTF-8", "charset=ISO-8859-1"); }},
       {"boundary-missing", "3.1", "9100", "Content-Type without boundary.",
        [](Bench& b) {
          const auto wire = simple(b);
          return replaced(wire, " boundary=" + boundary_of(wire) + ";", "");
        }},
       {"thousands-of-parts", "13.7, 14.1 M7", "9100 or HTTP 4xx",
        "Thousands of parts are refused, not worked through.",
        [](Bench&) { return thousands_of_parts(); }},
       {"endless-header-line", "3.1, 14.1 M7", "9100 or HTTP 4xx", "A header line of a mebibyte.",
        [](Bench&) { return "MIME-Version: " + std::string(1 << 20, '1') + "\r\n\r\n"; }}});
}

} // namespace cli::conformance
