// The client's way to an intermediary over HTTP.
#pragma once
#include "client/transport.h"
#include "http/client.h"
#include <string>

namespace cli {

class HttpTransport final : public client::Transport {
 public:
  HttpTransport(std::string url, const std::string& ca_file, http::ClientLimits limits,
                http::Progress progress)
      : http_(ca_file), url_(std::move(url)), limits_(limits), progress_(std::move(progress)) {}

  // Errors besides those of the interface: invalid_config (url, CA file), peer_fault ("HTTP 404
  // ...").
  base::Result<client::Reply> post(const std::string& body) override;

 private:
  http::Client http_;
  std::string url_;
  http::ClientLimits limits_;
  http::Progress progress_;
};

// What an HTTP status means for the client: the body, or why there is none.
base::Result<client::Reply> reply_from(http::Answer answer);

} // namespace cli
