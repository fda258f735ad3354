#include "bench/keep_alive.h"
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <stdexcept>

namespace bench {

namespace asio = boost::asio;
namespace wire = boost::beast::http;
using asio::ip::tcp;

struct KeepAlive::Connection {
  asio::io_context io{1};
  tcp::socket socket{io};
  boost::beast::flat_buffer buffer;
  std::string host, target;
};

KeepAlive::KeepAlive(const std::string& url) : connection_(std::make_unique<Connection>()) {
  constexpr std::size_t scheme = 7;
  const auto colon = url.find(':', scheme), slash = url.find('/', scheme);
  if (!url.starts_with("http://") || colon == std::string::npos || slash == std::string::npos)
    throw std::runtime_error("no address with port: " + url);
  auto& c = *connection_;
  c.host = url.substr(scheme, slash - scheme);
  c.target = url.substr(slash);
  const auto port = std::stoul(url.substr(colon + 1, slash - colon - 1));
  c.socket.connect(tcp::endpoint(asio::ip::make_address(url.substr(scheme, colon - scheme)),
                                 static_cast<unsigned short>(port)));
  c.socket.set_option(tcp::no_delay(true));
}

KeepAlive::~KeepAlive() = default;
KeepAlive::KeepAlive(KeepAlive&&) noexcept = default;

std::string KeepAlive::post(const std::string& body) {
  auto& c = *connection_;
  wire::request<wire::span_body<const char>> request(wire::verb::post, c.target, 11);
  request.set(wire::field::host, c.host);
  request.set(wire::field::content_type, "text/xml; charset=UTF-8");
  request.keep_alive(true);
  request.body() = {body.data(), body.size()};
  request.prepare_payload();
  wire::write(c.socket, request);
  wire::response_parser<wire::string_body> parser;
  wire::read(c.socket, c.buffer, parser);
  if (parser.get().result_int() != 200)
    throw std::runtime_error("HTTP status " + std::to_string(parser.get().result_int()));
  return std::move(parser.get().body());
}

} // namespace bench
