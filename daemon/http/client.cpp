#include "http/client.h"
#include "http/public_address.h"
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace http {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using Error = boost::system::error_code;
using base::ErrorCode;
using Outgoing = wire::request<wire::string_body>;

struct Destination {
  bool tls = false;
  std::string host;
  std::string port;
  std::string authority; // for the Host header
  std::string target;
};

base::Result<Destination> parse_url(const std::string& text) {
  const auto bad = [&](const char* why) {
    return base::fail(ErrorCode::invalid_config, std::string("not a usable URL: ") + why);
  };
  const auto url = boost::urls::parse_uri(text);
  if (url.has_error()) return bad("syntax");
  Destination to;
  if (url->scheme_id() == boost::urls::scheme::https)
    to.tls = true;
  else if (url->scheme_id() != boost::urls::scheme::http)
    return bad("http:// or https:// expected");
  if (url->has_userinfo()) return bad("no user name or password allowed");
  to.host = url->host_address(); // without the brackets of an IPv6 address
  if (to.host.empty()) return bad("host missing");
  to.port = url->port().empty() ? (to.tls ? "443" : "80") : std::string(url->port());
  to.authority = std::string(url->encoded_host_and_port());
  to.target = std::string(url->encoded_target());
  if (to.target.empty() || to.target.front() != '/') to.target.insert(0, "/");
  return to;
}

// Retry-After in its form of seconds (RFC 9110, 10.2.3); at most a day.
std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  constexpr unsigned kDay = 86400;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds{std::min(value, kDay)};
}

auto into(Error& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

// SSL_set_tlsext_host_name without the C casts of that macro.
bool name_server(SSL* tls, std::string host) {
  return SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1;
}

// One request's life: its own loop, run by the calling thread until the answer or the deadline.
class Exchange {
 public:
  Exchange(Destination to, Outgoing request, ClientLimits limits, const Progress& progress,
           bool public_only, ssl::context& tls)
      : to_(std::move(to)), request_(std::move(request)), limits_(limits), progress_(progress),
        public_only_(public_only), stream_(loop_, tls), resolver_(loop_), deadline_(loop_) {}

  base::Result<Answer> run() {
    std::exception_ptr thrown;
    asio::co_spawn(loop_, talk(), [&](std::exception_ptr failure) {
      thrown = std::move(failure);
      loop_.stop();
    });
    loop_.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*outcome_);
  }

 private:
  asio::awaitable<void> talk() { outcome_.emplace(co_await exchange()); }

  asio::awaitable<base::Result<Answer>> exchange() {
    const auto start = std::chrono::steady_clock::now();
    const auto connect_until = start + std::min(limits_.connect, limits_.total);
    limit(connect_until);
    Error error;
    const auto found = co_await resolver_.async_resolve(to_.host, to_.port, into(error));
    if (error) co_return failure("resolve host name", error);
    // Connected is to the addresses that were looked at, never to the name again.
    std::vector<tcp::endpoint> candidates;
    for (const auto& one : found)
      if (!public_only_ || public_address(one.endpoint().address()))
        candidates.push_back(one.endpoint());
    if (candidates.empty())
      co_return base::fail(ErrorCode::invalid_config,
                           "the host has no address that may be connected to");
    auto& socket = stream_.next_layer();
    co_await asio::async_connect(socket, candidates, into(error));
    if (error) co_return failure("connect", error);
    socket.set_option(tcp::no_delay(true), error);

    if (!to_.tls) {
      limit(start + limits_.total);
      co_return co_await send_and_receive(socket);
    }
    Error not_an_address;
    asio::ip::make_address(to_.host, not_an_address);
    // Server name indication knows names only.
    if (not_an_address && !name_server(stream_.native_handle(), to_.host))
      co_return base::fail(ErrorCode::internal, "cannot set TLS server name");
    stream_.set_verify_mode(ssl::verify_peer);
    stream_.set_verify_callback(ssl::host_name_verification(to_.host));
    co_await stream_.async_handshake(ssl::stream_base::client, into(error));
    if (error) co_return failure("TLS handshake", error);
    limit(start + limits_.total);
    // No closing alert is awaited at the end: an answer is complete by its own length.
    co_return co_await send_and_receive(stream_);
  }

  // So that someone who watches sees it advance.
  template <class Stream>
  asio::awaitable<void> send_in_steps(Stream& stream, Error& error) {
    wire::request_serializer<wire::string_body> serializer(request_);
    serializer.limit(64 * 1024);
    const std::uint64_t total = request_.body().size();
    std::uint64_t sent = 0;
    while (!error && !serializer.is_done()) {
      sent += co_await wire::async_write_some(stream, serializer, into(error));
      progress_(std::min(sent, total), total);
    }
  }

  template <class Stream>
  asio::awaitable<base::Result<Answer>> send_and_receive(Stream& stream) {
    Error error;
    if (progress_)
      co_await send_in_steps(stream, error);
    else
      co_await wire::async_write(stream, request_, into(error));
    if (error && timed_out_) co_return failure("send", error);
    // A server may refuse and close before it has read everything; its answer is still there to
    // read.
    const Error send_error = error;
    beast::flat_buffer buffer;
    std::optional<wire::response_parser<wire::string_body>> parser;
    do {
      parser.emplace();
      parser->body_limit(limits_.answer_bytes);
      co_await wire::async_read_header(stream, buffer, *parser, into(error));
    } while (!error && parser->get().result_int() / 100 == 1); // 1xx announces the real answer
    if (!error) co_await wire::async_read(stream, buffer, *parser, into(error));
    if (error == wire::error::body_limit || error == wire::error::buffer_overflow)
      co_return base::fail(ErrorCode::too_large,
                           "answer exceeds " + std::to_string(limits_.answer_bytes) + " bytes");
    if (error && send_error && !timed_out_) co_return failure("send", send_error);
    if (error) co_return failure("receive", error);
    auto message = parser->release();
    Answer answer;
    answer.status = message.result_int();
    answer.content_type = std::string(message[wire::field::content_type]);
    answer.etag = std::string(message[wire::field::etag]);
    answer.retry_after = seconds_of(message[wire::field::retry_after]);
    answer.body = std::move(message.body());
    co_return std::move(answer);
  }

  base::Error failure(const std::string& step, const Error& error) const {
    if (timed_out_) return base::fail(ErrorCode::timed_out, step + ": deadline passed");
    const bool not_http =
        error.category() == wire::make_error_code(wire::error::bad_version).category() &&
        error != wire::error::end_of_stream && error != wire::error::partial_message;
    return base::fail(not_http ? ErrorCode::peer_fault : ErrorCode::network,
                      step + ": " + error.message());
  }

  void limit(std::chrono::steady_clock::time_point until) {
    deadline_.expires_at(until);
    deadline_.async_wait([this](const Error& error) {
      if (error) return;
      timed_out_ = true;
      Error ignored;
      resolver_.cancel();
      stream_.next_layer().close(ignored);
    });
  }

  const Destination to_;
  Outgoing request_;
  const ClientLimits limits_;
  const Progress progress_;
  const bool public_only_;
  asio::io_context loop_{1};
  ssl::stream<tcp::socket> stream_;
  tcp::resolver resolver_;
  asio::steady_timer deadline_;
  bool timed_out_ = false;
  std::optional<base::Result<Answer>> outcome_;
};

base::Result<Answer> request(wire::verb verb, const ClientRules& rules, const std::string& url,
                             std::string body, const std::string& content_type, ClientLimits limits,
                             const Progress& progress = {}, const GetHeaders& headers = {}) {
  auto to = parse_url(url);
  if (!to) return to.error();
  if (!to->tls && !rules.allow_clear)
    return base::fail(ErrorCode::invalid_config, "clear http:// is not allowed");

  ssl::context tls(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  if (to->tls) {
    Error error;
    if (!rules.ca_pem.empty()) tls.add_certificate_authority(asio::buffer(rules.ca_pem), error);
    if (!error && !rules.ca_file.empty()) tls.load_verify_file(rules.ca_file, error);
    if (rules.ca_pem.empty() && rules.ca_file.empty()) tls.set_default_verify_paths(error);
    if (error)
      return base::fail(ErrorCode::invalid_config, "cannot read CA certificates " + rules.ca_file);
    if (!rules.client_certificate_file.empty()) {
      tls.use_certificate_chain_file(rules.client_certificate_file, error);
      if (!error) tls.use_private_key_file(rules.client_key_file, ssl::context::pem, error);
      if (error)
        return base::fail(ErrorCode::invalid_config, "cannot use the client certificate " +
                                                         rules.client_certificate_file +
                                                         " with its key");
    }
  }

  Outgoing message(verb, to->target, 11);
  message.set(wire::field::host, to->authority);
  message.set(wire::field::user_agent, "dataclearing");
  message.keep_alive(false);
  if (!headers.authorization.empty())
    message.set(wire::field::authorization, headers.authorization);
  if (!headers.if_none_match.empty())
    message.set(wire::field::if_none_match, headers.if_none_match);
  if (verb == wire::verb::post) {
    message.set(wire::field::content_type, content_type);
    message.body() = std::move(body);
    if (limits.chunked)
      message.chunked(true);
    else
      message.prepare_payload();
  }
  Exchange exchange(std::move(*to), std::move(message), limits, progress,
                    !rules.allow_private_addresses, tls);
  return exchange.run();
}

} // namespace

base::Result<Answer> Client::post(const std::string& url, std::string body,
                                  const std::string& content_type, ClientLimits limits,
                                  const Progress& progress) const {
  return request(wire::verb::post, rules_, url, std::move(body), content_type, limits, progress);
}

base::Result<Answer> Client::get(const std::string& url, ClientLimits limits,
                                 const GetHeaders& headers) const {
  return request(wire::verb::get, rules_, url, {}, {}, limits, {}, headers);
}

} // namespace http
