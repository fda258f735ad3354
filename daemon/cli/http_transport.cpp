#include "cli/http_transport.h"

namespace cli {

using base::ErrorCode;
using base::fail;

base::Result<client::Reply> HttpTransport::post(const std::string& body) {
  // What the reference client sends (wire reference 3.4): the MIME headers are part of the body.
  auto answer = http_.post(url_, body, "text/xml", limits_, progress_);
  if (!answer) return answer.error();
  return reply_from(std::move(*answer));
}

base::Result<client::Reply> reply_from(http::Answer answer) {
  const unsigned status = answer.status;
  const std::string text = "HTTP " + std::to_string(status);
  // SOAP 1.1 wants faults to travel with 500; others send them with 200 (3.4).
  const bool fault = status == 500 && answer.body.find(":Envelope") != std::string::npos;
  if (status / 100 == 2 || fault)
    return client::Reply{std::move(answer.body), std::move(answer.content_type)};
  if (status == 429 || status == 503) return fail(ErrorCode::overloaded, text);
  if (status == 502 || status == 504)
    return fail(ErrorCode::network, text + ": a proxy cannot reach the intermediary");
  if (status == 408) return fail(ErrorCode::timed_out, text);
  if (status == 413)
    return fail(ErrorCode::peer_fault, text + ": larger than the intermediary takes");
  return fail(ErrorCode::peer_fault, text);
}

} // namespace cli
