// What a source has sent: one JSON object a line. A sink balances against it.
#pragma once
#include "base/result.h"
#include "cli/load/content.h"
#include <cstdint>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace cli::load {

enum class Outcome {
  accepted, // a valid positive answer
  refused,  // a negative one
  unknown,  // it left, and no answer came that could be believed
  not_sent, // it never left, or only its request for a message id did
};

std::string_view to_string(Outcome outcome);

struct SentMessage {
  Stamp stamp;
  std::string to; // fingerprint of the addressee's cipher certificate
  std::string message_id;
  Outcome outcome = Outcome::not_sent;
  std::string code; // OSCI code, or the kind of error
};

std::string record_line(const SentMessage& message);
// Error: invalid_config (no such line).
base::Result<SentMessage> parse_record_line(std::string_view line);

// Thread-safe.
class RecordWriter {
 public:
  // A new file; one that is there is not overwritten. Error: file_error.
  base::Result<> open(const std::string& path);
  void write(const SentMessage& message);
  // Error: file_error, if anything could not be written.
  base::Result<> close();

 private:
  std::mutex mutex_;
  std::ofstream out_;
  std::string path_;
};

// Errors: file_error; invalid_config (with the line's number, or more than 5 million lines).
base::Result<> read_record(const std::string& path,
                           const std::function<void(const SentMessage&)>& each);

} // namespace cli::load
