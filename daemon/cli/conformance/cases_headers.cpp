// Custom headers and MessageMetaData (wire reference 12).
#include "cli/conformance/bench.h"
#include "cli/conformance/tamper.h"
#include <algorithm>

namespace cli::conformance {

namespace {

std::string header(const std::string& name, const std::string& uri, const std::string& id,
                   const std::string& inside) {
  return "<" + name + seal::Context::standard().declarations(name.substr(0, name.find(':')), uri) +
         " Id=\"" + id + "\">" + inside + "</" + name + ">";
}

std::string comes_back(Bench& b, std::vector<osci::CustomHeader> headers) {
  auto request = b.delivery();
  request.content.custom_headers = std::move(headers);
  b.store(request);
  const auto heard = b.dialog(b.recipient()).fetch(b.last_id());
  expect(heard.code == "0801" && heard.answer.content, "fetch: " + heard.codes());
  const auto& got = heard.answer.content->custom_headers;
  for (const auto& sent : request.content.custom_headers) {
    const auto found =
        std::find_if(got.begin(), got.end(), [&](const auto& one) { return one.id == sent.id; });
    expect(found != got.end(), "missing: " + sent.id);
    expect(found->canonical == sent.canonical, "changed: " + sent.id);
  }
  return "unchanged";
}

constexpr const char* kMetaUri = "http://www.osci.eu/ws/2014/10/transport";

} // namespace

void add_headers(std::vector<Case>& out) {
  const auto unchanged = [&](const char* name, const char* section, const char* title,
                             std::vector<osci::CustomHeader> headers) {
    out.push_back({"headers", name, section, title, "unchanged",
                   [headers = std::move(headers)](Bench& b) { return comes_back(b, headers); }});
  };
  unchanged("one", "6.6, 12, 17.2 Q8", "A custom header comes back to the recipient, signed.",
            {{"myh", header("my:H", "urn:my", "myh", "v")}});
  unchanged("two", "6.6, 12", "Two custom headers of one namespace.",
            {{"eins", header("my:H", "urn:my", "eins", "1")},
             {"zwei", header("my:H", "urn:my", "zwei", "2")}});
  unchanged("deep", "12, 4.7",
            "A custom header with elements, attributes and text that needs escaping.",
            {{"tief",
              header("my:H", "urn:my", "tief",
                     "<my:A b=\"&lt;&amp;&quot;\">Größe &lt; 5 &amp; mehr<my:B></my:B></my:A>")}});
  unchanged(
      "meta-data", "12", "A header of the form of MessageMetaData, Id MetaData.",
      {{"MetaData",
        header(
            "x:MessageMetaData", kMetaUri, "MetaData",
            "<x:MsgIdentification><x:MessageID>urn:uuid:1</x:MessageID></x:MsgIdentification>")}});
  add_messages(
      out, "headers",
      {{"without-id", "2.5, 12", "9300 or 9100 or 9602", "A custom header without Id.",
        [](Bench& b) {
          return b.wrap(inserted_before(b.clear(b.delivery()), "</soap:Header>",
                                        "<my:H xmlns:my=\"urn:my\">v</my:H>"));
        }},
       {"without-namespace", "12, 2.4", "9300 or 9100 or 9602",
        "A custom header without namespace.",
        [](Bench& b) {
          return b.wrap(
              inserted_before(b.clear(b.delivery()), "</soap:Header>", "<H Id=\"h\">v</H>"));
        }},
       {"changed", "4.3, 12", "9601", "A custom header changed after signing.",
        [](Bench& b) {
          auto request = b.delivery();
          request.content.custom_headers = {{"myh", header("my:H", "urn:my", "myh", "genuine")}};
          return b.wrap(replaced(b.clear(request), "genuine", "evilevi"));
        }},
       {"id-of-a-block", "2.5, 12", "9100 or 9300", "A custom header with the Id of an OSCI block.",
        [](Bench& b) {
          auto request = b.delivery();
          request.content.custom_headers = {
              {"controlblock", header("my:H", "urn:my", "controlblock", "v")}};
          return b.seal(b.sender(), request);
        }}});
  out.push_back(
      {"headers", "reserved-id", "2.5, 12",
       "A header whose Id the answer to a fetch needs is refused when stored, or survives the "
       "fetch.",
       "9300 or 9100, or unchanged", [](Bench& b) {
         auto request = b.delivery();
         request.content.custom_headers = {
             {"responsetofetchdelivery", header("my:H", "urn:my", "responsetofetchdelivery", "v")}};
         const auto heard = b.send(b.seal(b.sender(), request), &b.sender());
         if (!heard.answer.executed()) return expect_code(heard, "9300 or 9100");
         const auto fetched = b.dialog(b.recipient()).fetch(b.last_id());
         expect(fetched.code == "0801" && fetched.answer.content &&
                    fetched.answer.content->custom_headers.size() == 1,
                "stored, but it cannot be fetched: " + fetched.codes());
         return std::string("unchanged");
       }});
}

} // namespace cli::conformance
