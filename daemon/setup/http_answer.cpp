#include "setup/http_answer.h"

namespace setup {

http::Response http_answer(const gateway::Reply& reply) {
  http::Response out;
  out.status = reply.status;
  if (reply.status == 503) {
    out.retry_after_seconds = reply.busy.retry_after_seconds;
    out.body = reply.busy.text;
    if (!out.body.empty()) out.content_type = "text/plain; charset=utf-8";
    return out;
  }
  if (reply.body) out.body = *reply.body;
  // What the reference client sends itself; it ignores the header of answers (wire reference 3.4).
  if (!out.body.empty()) out.content_type = "text/xml; charset=utf-8";
  return out;
}

} // namespace setup
