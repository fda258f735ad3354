// The gateway's reply as HTTP carries it.
#pragma once
#include "gateway/gateway.h"
#include "http/server.h"

namespace setup {

http::Response http_answer(const gateway::Reply& reply);

} // namespace setup
