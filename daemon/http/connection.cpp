#include "http/connection.h"
#include "base/log.h"
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <string_view>

namespace http {
namespace {

namespace beast = boost::beast;
namespace wire = boost::beast::http;

// Step in which a body grows; the share of an unannounced (chunked) body grows with it.
constexpr std::size_t kBodyStep = 64 * 1024;
// What a header takes as a rule, with the beginning of its body; released while a connection idles.
constexpr std::size_t kHeaderRoom = 4 * 1024;

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

// Of errors in what was sent, as against errors of the connection.
const boost::system::error_category& http_category() {
  return wire::make_error_code(wire::error::bad_method).category();
}

} // namespace

std::string to_text(const tcp::endpoint& end) {
  const auto address = end.address().to_string();
  const bool v6 = end.address().is_v6();
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(end.port());
}

asio::awaitable<void> Connection::serve() {
  const auto& deadlines = shared_->limits.deadlines;
  auto header_until = now() + deadlines.header;
  bool first = true;
  if (!welcome_) {
    const Reading reading = too_much_from_here(shared_->spread_retry());
    co_await refuse(reading);
    close();
  }
  while (!closed_) {
    const auto wait_until = first ? header_until : now() + deadlines.idle;
    const bool begun = co_await wait_for_request(wait_until, first);
    if (!begun) break;
    if (!first) header_until = now() + deadlines.header;
    first = false;

    auto admitted = std::make_shared<Admitted>(shared_->budget);
    const auto reading = co_await read_request(header_until, admitted);
    if (!reading.complete) {
      // First: neither the answer nor the lingering after it may keep a share of the budget.
      admitted.reset();
      if (reading.refusal != 0) co_await refuse(reading);
      break;
    }
    ++shared_->requests;

    // The handler alone decides how long the request and its share of the budget live.
    std::shared_ptr<const Request> request(admitted, &admitted->request);
    admitted.reset();
    auto response = co_await handle(std::move(request));
    if (closed_) break;
    const bool keep = keep_alive_ && !shared_->draining;
    const bool written = co_await write(std::move(response), version_, head_, keep);
    if (!written) break;
    if (!keep) {
      // Unread bytes (a pipelined request) would turn the close into a reset.
      if (buffer_.size() > 0 || socket_.available(ignored_) > 0) co_await linger();
      break;
    }
  }
  close();
}

// True when at least one byte of a request is there.
asio::awaitable<bool> Connection::wait_for_request(SteadyTime until, bool first) {
  if (buffer_.size() > 0) co_return true;
  buffer_.shrink_to_fit();
  // No wait when the place is needed, but what has arrived is still served.
  const bool unwanted = shared_->draining || (!first && shared_->waiting_for_room > 0);
  if (!unwanted) {
    waiting_ = true;
    if (!first) idle_since_ = now();
    Error error;
    limit(until);
    // Where connections come and go quickly Asio may report what concerned another one that had the
    // same place in its books. To close then would reset a client that is about to send.
    do {
      co_await socket_.async_wait(tcp::socket::wait_read, into(error));
      // The deadline and wake() cancel what is pending, which may have been nothing at that moment.
    } while (!error && !closed_ && !timed_out_ && waiting_ && nothing_to_read());
    unlimit();
    idle_since_.reset();
    waiting_ = false;
  }
  if (closed_) co_return false;
  co_return socket_.available(ignored_) > 0;
}

// Neither an octet nor the end of the stream.
bool Connection::nothing_to_read() {
  char octet;
  Error error;
  socket_.receive(asio::buffer(&octet, 1), tcp::socket::message_peek, error);
  return error == asio::error::would_block || error == asio::error::try_again;
}

asio::awaitable<Connection::Reading> Connection::read_request(SteadyTime header_until,
                                                              std::shared_ptr<Admitted> admitted) {
  const auto& limits = shared_->limits;
  wire::request_parser<wire::buffer_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);

  version_ = 11;
  head_ = false;
  Error error;
  // Beast reads as much as there is room for: half a kilobyte at first.
  buffer_.reserve(kHeaderRoom);
  limit(header_until);
  co_await wire::async_read_header(socket_, buffer_, parser, into(error));
  unlimit();
  if (closed_) co_return gone();
  if (error) {
    if (timed_out_) co_return refused(408);
    if (error == wire::error::end_of_stream) co_return gone();
    if (error == wire::error::header_limit || error == wire::error::buffer_overflow)
      co_return refused(431);
    if (error == wire::error::body_limit) co_return refused(413);
    if (error.category() == http_category()) co_return refused(400);
    co_return gone();
  }

  const auto& header = parser.get();
  version_ = header.version();
  keep_alive_ = parser.keep_alive();
  head_ = header.method() == wire::verb::head;
  // Codings that are not undone here, or that hide the length: a proxy in front might see the end
  // of the request elsewhere.
  if (const auto coding = header[wire::field::transfer_encoding];
      !coding.empty() && (!beast::iequals(coding, "chunked") || version_ < 11))
    co_return refused(400);
  if (header.count(wire::field::transfer_encoding) > 1) co_return refused(400);

  auto& request = admitted->request;
  request.method = std::string(header.method_string());
  request.target = std::string(header.target());
  request.content_type = std::string(header[wire::field::content_type]);
  request.authorization = std::string(header[wire::field::authorization]);
  request.if_none_match = std::string(header[wire::field::if_none_match]);
  request.peer = peer_;

  if (const auto wait = shared_->addresses.wait_of(address_, now()); wait > 0)
    co_return too_much_from_here(wait);

  // Gate and budget are asked before a byte of the body is read, and the memory that it stands for
  // is allocated once.
  const auto announced = parser.content_length();
  const auto large = [&](std::uint64_t octets) { return octets > limits.large_body; };
  // Counts as a large one until it is read, or its frame is destroyed with its context.
  struct Passage {
    explicit Passage(std::size_t& n) : reading(n) {}
    ~Passage() {
      if (passed) --reading;
    }
    std::size_t& reading;
    bool passed = false;
  };
  Passage passage(shared_->large_reading);
  const auto refused_at_gate = [&](std::uint64_t octets) {
    if (passage.passed || !large(octets)) return false;
    if (shared_->gate && !shared_->gate(passage.reading)) return true;
    passage.passed = true;
    ++passage.reading;
    return false;
  };
  auto& share = admitted->share;
  auto& body = request.body;
  if (announced) {
    if (refused_at_gate(*announced) || !share.try_grow(*announced, large(*announced)))
      co_return busy();
    body.reserve(static_cast<std::size_t>(*announced));
  } else if (parser.chunked() && !share.try_grow(kBodyStep)) {
    co_return busy();
  }

  if (const auto expect = header[wire::field::expect]; !expect.empty() && version_ >= 11) {
    if (!beast::iequals(expect, "100-continue")) co_return refused(417);
    if (!parser.is_done() && buffer_.size() == 0) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      limit(now() + limits.deadlines.write);
      co_await asio::async_write(socket_, asio::buffer(go_on), into(error));
      unlimit();
      if (error || closed_) co_return gone();
    }
  }

  const auto started = now();
  std::size_t received = 0;
  const auto cut_off = [&] {
    const auto earned = std::chrono::milliseconds{
        static_cast<std::int64_t>(received * 1000 / limits.deadlines.min_bytes_per_second)};
    return started + std::min(limits.deadlines.body, limits.deadlines.rate_grace + earned);
  };
  // The length is known: past the parser and its buffer, straight to where the body is to lie.
  if (announced) {
    const auto whole = static_cast<std::size_t>(*announced);
    while (received < whole) {
      const auto room = std::min(kBodyStep, whole - received);
      body.resize(received + room);
      std::size_t got =
          asio::buffer_copy(asio::buffer(body.data() + received, room), buffer_.data());
      buffer_.consume(got);
      if (got == 0) {
        const auto space = asio::buffer(body.data() + received, room);
        limit(cut_off());
        got = co_await socket_.async_read_some(space, into(error));
        unlimit();
      }
      received += got;
      if (closed_) co_return gone();
      if (!error) continue;
      if (timed_out_) co_return refused(408);
      if (error == asio::error::eof) co_return refused(400);
      co_return gone();
    }
    co_return complete();
  }
  while (!parser.is_done()) {
    const std::size_t room = kBodyStep;
    if (share.bytes() < received + kBodyStep) {
      const auto then = received + kBodyStep;
      if (refused_at_gate(then) || !share.try_grow(kBodyStep, large(then))) co_return busy();
    }
    body.resize(received + room);
    parser.get().body().data = body.data() + received;
    parser.get().body().size = room;
    parser.get().body().more = true;

    limit(cut_off());
    co_await wire::async_read_some(socket_, buffer_, parser, into(error));
    unlimit();
    received += room - parser.get().body().size;
    if (closed_) co_return gone();
    if (error == wire::error::need_buffer) error = {};
    if (!error) continue;
    if (timed_out_) co_return refused(408);
    if (error == wire::error::body_limit) co_return refused(413);
    if (error.category() == http_category()) co_return refused(400);
    co_return gone();
  }
  body.resize(received);
  share.shrink_to(received);
  co_return complete();
}

asio::awaitable<Response> Connection::handle(std::shared_ptr<const Request> request) {
  // Counts also when the frame is destroyed with its context.
  struct Counted {
    explicit Counted(std::size_t& n) : count(n) { ++count; }
    ~Counted() { --count; }
    std::size_t& count;
  } const counted(shared_->handling);
  Response response;
  response.status = 500;
  try {
    response = co_await shared_->handler(std::move(request));
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "http.handler_failed", "a request ended with an exception",
              {{"peer", peer_}, {"reason", error.what()}});
  } catch (...) {
    base::log(base::LogLevel::error, "http.handler_failed", "a request ended with an exception",
              {{"peer", peer_}});
  }
  co_return response;
}

asio::awaitable<bool> Connection::write(Response response, unsigned version, bool head,
                                        bool keep_alive) {
  const auto& deadlines = shared_->limits.deadlines;
  ByteShare share(shared_->budget);
  share.grow(response.body.size());
  const auto stretch = std::chrono::milliseconds{
      static_cast<std::int64_t>(response.body.size() * 1000 / deadlines.min_bytes_per_second)};

  wire::response<wire::string_body> message;
  message.version(version);
  message.result(response.status);
  message.set(wire::field::server, "dataclearingd");
  if (!response.content_type.empty()) message.set(wire::field::content_type, response.content_type);
  if (!response.etag.empty()) message.set(wire::field::etag, response.etag);
  if (response.retry_after_seconds)
    message.set(wire::field::retry_after, std::to_string(*response.retry_after_seconds));
  message.keep_alive(keep_alive);
  message.body() = std::move(response.body);
  message.prepare_payload();

  wire::response_serializer<wire::string_body> serializer(message);
  Error error;
  limit(now() + deadlines.write + stretch);
  if (head) {
    serializer.split(true);
    co_await wire::async_write_header(socket_, serializer, into(error));
  } else {
    co_await wire::async_write(socket_, serializer, into(error));
  }
  unlimit();
  if (error && timed_out_)
    base::log(base::LogLevel::warning, "http.answer_not_taken",
              "a client did not take its answer in time", {{"peer", peer_}});
  co_return !error && !closed_;
}

// Answers without the handler and ends the connection, since the rest of the request is unread.
asio::awaitable<void> Connection::refuse(Reading reading) {
  ++shared_->refused;
  const auto status = std::to_string(reading.refusal);
  if (shared_->told.take(address_ + " " + status, {1}, now()).taken)
    base::log(base::LogLevel::info, "http.refused", "a request was refused",
              {{"peer", peer_}, {"status", status}});
  Response response;
  response.status = reading.refusal;
  if (reading.retry_after > 0) response.retry_after_seconds = reading.retry_after;
  const bool written = co_await write(std::move(response), 11, head_, false);
  if (written) co_await linger();
}

// Says that nothing more will come, then discards what the client still sends, so that the close
// does not reset the connection and destroy the answer on its way.
asio::awaitable<void> Connection::linger() {
  const auto& deadlines = shared_->limits.deadlines;
  socket_.shutdown(tcp::socket::shutdown_send, ignored_);
  buffer_.clear();
  ++shared_->lingering;
  shared_->gave_room();
  const auto last = now() + deadlines.linger;
  while (!closed_) {
    Error error;
    limit(std::min(last, now() + deadlines.linger_silence));
    const auto space = buffer_.prepare(kReadAhead);
    co_await socket_.async_read_some(space, into(error));
    unlimit();
    if (error || now() >= last) break;
  }
  --shared_->lingering;
}

} // namespace http
