// What one HTTP listener grants its clients. Standard library only, so that configuration can hold
// it.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace http {

struct Deadlines {
  // From the first byte of a request (for the first request: from the accept) to the end of its
  // header. Passed: 408 and close, or close only if no byte came.
  std::chrono::milliseconds header{10'000};
  // From the end of the header to the end of the body, however fast it comes. Passed: 408 and
  // close.
  std::chrono::milliseconds body{300'000};
  // Time at the start of a body, or of an answer's reception, in which no rate is demanded: TCP
  // slow start and a client that still computes.
  std::chrono::milliseconds rate_grace{10'000};
  // Bytes a second that a body must have averaged after the grace, so that a trickling client
  // cannot hold its share of the byte budget for the whole of `body`. The same rate stretches
  // `write`.
  std::uint64_t min_bytes_per_second = 64 * 1024;
  // A kept-alive connection without a new request. Passed: close.
  std::chrono::milliseconds idle{60'000};
  // For the client to take an answer, plus the answer's size over min_bytes_per_second. Passed:
  // close.
  std::chrono::milliseconds write{30'000};
  // After a refusal the unread body is read and thrown away for at most this long, because a close
  // with unread bytes makes TCP reset the connection and destroy the answer before the client sees
  // it.
  std::chrono::milliseconds linger{30'000};
  // Silence that ends that reading early.
  std::chrono::milliseconds linger_silence{5'000};

  bool operator==(const Deadlines&) const = default;
};

// What one address may do: an IPv4 address, or the /64 of an IPv6 address. Whoever stands behind a
// proxy or a load balancer has its address, so there all of this has to stay off.
struct AddressLimits {
  std::uint32_t requests_per_second = 0; // 0: any number. More: 503 before the body is read
  std::uint32_t burst = 100;             // requests at once, after silence
  std::size_t connections = 0;           // open at one time; 0: any number. More: 503
  std::size_t remembered = 10'000;       // addresses; the one silent for longest is forgotten
};

struct ServerLimits {
  // At the limit nothing is accepted (the kernel's backlog waits) and the connection that has been
  // idle longest is closed to make room. Connections that have got a refusal and only take leave
  // (Deadlines::linger) do not count, up to a quarter more.
  std::size_t connections = 512;
  std::size_t header_bytes = 16 * 1024;              // more: 431
  std::uint64_t body_bytes = 64 * 1024 * 1024;       // more: 413 before the body is read
  std::uint64_t bytes_in_flight = 256 * 1024 * 1024; // request bodies alive and answers being sent
  // Larger bodies are large ones: they get at most three quarters of bytes_in_flight (but always
  // room for one of body_bytes), so that small requests go on beside them.
  std::uint64_t large_body = 1024 * 1024;
  unsigned retry_after_seconds = 5; // with 503, at least; at most twice as much (spread)
  AddressLimits address;
  Deadlines deadlines;
};

} // namespace http
