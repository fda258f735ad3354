#include "authority/http_transport.h"

namespace authority {
namespace {

http::ClientRules rules(bool private_addresses) {
  http::ClientRules out;
  out.allow_private_addresses = private_addresses;
  return out;
}

http::ClientLimits limits(base::Milliseconds limit, std::size_t max_bytes) {
  http::ClientLimits out;
  out.connect = out.total = limit;
  out.answer_bytes = max_bytes;
  return out;
}

base::Result<Reply> reply(base::Result<http::Answer> answer) {
  if (!answer) return answer.error();
  return Reply{answer->status, std::move(answer->body)};
}

} // namespace

HttpTransport::HttpTransport(bool private_addresses) : client_(rules(private_addresses)) {}

base::Result<Reply> HttpTransport::get(const std::string& url, base::Milliseconds limit,
                                       std::size_t max_bytes) {
  return reply(client_.get(url, limits(limit, max_bytes)));
}

base::Result<Reply> HttpTransport::post(const std::string& url, const std::string& body,
                                        const std::string& content_type, base::Milliseconds limit,
                                        std::size_t max_bytes) {
  return reply(client_.post(url, body, content_type, limits(limit, max_bytes)));
}

} // namespace authority
