// ForwardDelivery and MediateDelivery (wire reference 1.5, 1.6): what can be proved without a
// passive recipient.
#include "cli/conformance/bench.h"
#include "cli/conformance/listener.h"
#include "cli/conformance/tamper.h"

namespace cli::conformance {

using osci::MessageType;

namespace {

constexpr const char* kNowhere = "http://127.0.0.1:9/osci"; // discard: nobody listens

osci::Request push(Bench& b, MessageType type, const std::string& uri,
                   std::optional<std::string> id) {
  auto out = b.delivery_of(b.sender(), id.value_or("unused"), "x");
  out.type = type;
  out.message_id = std::move(id);
  out.receiver_uri = uri;
  return out;
}

// A server without forwarding answers as to an unknown type (11.8 says so of chunks).
Heard offered(Bench& b, const std::string& wire) {
  auto heard = b.send(wire);
  if (heard.fault && code_fits(heard.code, "9300 or 9100"))
    throw NotOffered("forwarding is answered with " + heard.code);
  return heard;
}

std::string forwarded(Bench& b, const std::string& uri, std::optional<std::string> id,
                      const char* codes) {
  return expect_code(
      offered(b, b.seal(b.sender(), push(b, MessageType::forward_delivery, uri, std::move(id)))),
      codes);
}

} // namespace

void add_push(std::vector<Case>& out) {
  const char* group = "push";
  out.push_back({group, "forward-id-missing", "1.5, 10.2, 14.6 I2",
                 "ForwardDelivery without MessageId.", "9800",
                 [](Bench& b) { return forwarded(b, kNowhere, std::nullopt, "9800"); }});
  out.push_back({group, "forward-id-invented", "1.5, 10.2, 14.6 I2",
                 "ForwardDelivery with an id that was never issued.", "9801",
                 [](Bench& b) { return forwarded(b, kNowhere, "never-issued", "9801"); }});
  out.push_back({group, "forward-id-used", "1.5, 14.6 I2",
                 "ForwardDelivery with the id of a stored delivery is refused, for its id or for "
                 "its address.",
                 "9801 or 9809 or 9805", [](Bench& b) {
                   return forwarded(b, kNowhere, b.deposit().id, "9801 or 9809 or 9805");
                 }});
  out.push_back({group, "forward-nobody-there", "1.5, 10.2, 17.2 Q15",
                 "ForwardDelivery to an address where nobody listens, or that is not allowed: it "
                 "did not arrive.",
                 "9809 or 9805",
                 [](Bench& b) { return forwarded(b, kNowhere, b.fresh_id(), "9809 or 9805"); }});
  for (const auto& [name, uri] :
       {std::pair{"file", "file:///etc/passwd"}, std::pair{"gopher", "gopher://127.0.0.1:9/x"},
        std::pair{"no-uri", "nowhere"}})
    out.push_back({group, std::string("forward-to-") + name, "13.8, 14.9 U5",
                   std::string("ContentReceiver ") + uri + " is never followed.",
                   "9809 or 9805 or 9300", [uri = std::string(uri)](Bench& b) {
                     offered(b, b.seal(b.sender(), push(b, MessageType::forward_delivery, kNowhere,
                                                        "never-issued")));
                     return expect_code(
                         b.send(b.seal(b.sender(),
                                       push(b, MessageType::forward_delivery, uri, b.fresh_id()))),
                         "9809 or 9805 or 9300");
                   }});
  out.push_back(
      {group, "forward-to-internal-address", "13.8, 14.9 U5",
       "An address of the intermediary's own machine, chosen by the sender, is not dialled.",
       "refused, no connection", [](Bench& b) {
         if (!is_loopback(b.setup().url)) throw NotRun("needs an intermediary on this machine");
         const Listener canary;
         const auto heard = b.send(b.seal(
             b.sender(), push(b, MessageType::forward_delivery, canary.url(), b.fresh_id())));
         expect(!canary.called(200), "it was dialled");
         expect(heard.fault || !heard.answer.executed(), "answered with " + heard.codes());
         return heard.code + ", no connection";
       }});
  out.push_back({group, "mediate-needs-dialog", "1.3, 7.2, 14.5 C7",
                 "MediateDelivery without a dialog.", "9802", [](Bench& b) {
                   return expect_code(
                       offered(b, b.seal(b.sender(), push(b, MessageType::mediate_delivery,
                                                          kNowhere, std::nullopt))),
                       "9802");
                 }});
  out.push_back({group, "mediate-nobody-there", "1.6, 10.2",
                 "MediateDelivery to an address where nobody listens.", "9809 or 9805",
                 [](Bench& b) {
                   auto& dialog = b.dialog(b.sender());
                   auto request = push(b, MessageType::mediate_delivery, kNowhere, std::nullopt);
                   request.control = dialog.next(MessageType::mediate_delivery).control;
                   const auto heard = dialog.send(request);
                   if (heard.fault && code_fits(heard.code, "9300 or 9100"))
                     throw NotOffered("mediation is answered with " + heard.code);
                   return expect_code(heard, "9809 or 9805");
                 }});
}

} // namespace cli::conformance
