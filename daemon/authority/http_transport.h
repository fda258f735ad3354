// Questions to authorities over HTTP.
#pragma once
#include "authority/transport.h"
#include "http/client.h"

namespace authority {

class HttpTransport final : public Transport {
 public:
  // `private_addresses`: whether loopback and private addresses may be asked.
  explicit HttpTransport(bool private_addresses);

  base::Result<Reply> get(const std::string& url, base::Milliseconds limit,
                          std::size_t max_bytes) override;
  base::Result<Reply> post(const std::string& url, const std::string& body,
                           const std::string& content_type, base::Milliseconds limit,
                           std::size_t max_bytes) override;

 private:
  const http::Client client_;
};

} // namespace authority
