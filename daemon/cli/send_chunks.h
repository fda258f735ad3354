// `osci send` for what is too large for one message.
#pragma once
#include "cli/exit_code.h"
#include "cli/settings.h"
#include "client/session.h"
#include <cstdint>
#include <string>
#include <vector>

namespace cli {

struct ChunkOptions {
  std::uint64_t above = 0;      // octets of a message that travels in one piece; 0: not said
  std::uint64_t chunk_size = 0; // octets; 0: not said
  std::string spool;            // empty: the usual folder
  int processing_seconds = 600;
};

// From which size on a message is sent in chunks: what the user says, else what is announced, and
// 30 MiB at most.
std::uint64_t chunk_threshold(const ChunkOptions& options, const osci::Features& features);

// Seals the delivery into the spool and sends it. `issued`: an id drawn for it, with what was
// announced then.
ExitCode send_in_chunks(Connection& connection, const CommonOptions& common,
                        const ChunkOptions& options, const client::Letter& letter,
                        const std::vector<client::LargeAttachment>& large,
                        const client::IssuedId& issued);

// Goes on with what was interrupted: all, or those with these message ids.
ExitCode resume_sending(Connection& connection, const CommonOptions& common,
                        const ChunkOptions& options, const std::vector<std::string>& ids);

// Removes what was sealed under these message ids; nothing of it is sent any more.
ExitCode discard_sealed(const ChunkOptions& options, const std::vector<std::string>& ids,
                        bool json);

// `letter` is null for what was sealed in an earlier run: its metadata is not read again.
void print_receipt(const client::Receipt& receipt, const client::Letter* letter, bool json);

} // namespace cli
