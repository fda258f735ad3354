// `dataclearingctl journal`: export, verify, head.
#include "base/encoding.h"
#include "cli/ctl/commands.h"
#include "cli/ctl/journal_lines.h"
#include "cli/ctl/reuse.h"
#include "cli/ctl/state.h"
#include <CLI/CLI.hpp>
#include <fstream>

namespace cli::ctl {

namespace {

using base::ErrorCode;
using base::fail;

struct ExportOptions {
  std::string state, output;
  WindowOptions window;
};

ExitCode export_journal(const ExportOptions& o) {
  const auto window = window_of(o.window);
  if (!window) return refuse(window.error());
  auto reader = storage::StateReader::open(o.state);
  if (!reader) return refuse(reader.error());
  std::ofstream file;
  if (!o.output.empty()) {
    file.open(o.output, std::ios::binary | std::ios::trunc);
    if (!file) return refuse(fail(ErrorCode::file_error, o.output + ": cannot be written"));
  }
  std::ostream& out = o.output.empty() ? std::cout : file;
  std::uint64_t count = 0;
  storage::JournalHead last;
  const auto written_error = [&] {
    return fail(ErrorCode::file_error,
                (o.output.empty() ? "standard output" : o.output) + ": cannot be written");
  };
  const auto done =
      reader->journal(*window, [&](const storage::JournalEntry& entry) -> base::Result<> {
        const auto line = to_line(entry);
        if (!line) return line.error();
        out << *line;
        if (!out) return written_error();
        last = {entry.number, entry.hash};
        ++count;
        return {};
      });
  if (!done) return refuse(done.error());
  out.flush();
  if (!out) return refuse(written_error());
  if (!o.output.empty())
    std::cout << count << " entries" << (count == 0 ? "" : ", head " + to_text(last)) << "\n";
  return ExitCode::ok;
}

struct VerifyOptions {
  std::string file, head;
};

ExitCode verify(const VerifyOptions& o) {
  std::optional<NotedHead> noted;
  if (!o.head.empty()) {
    const auto parsed = parse_head(o.head);
    if (!parsed) return refuse(parsed.error());
    noted = *parsed;
  }
  std::ifstream in(o.file, std::ios::binary);
  if (!in) return refuse(fail(ErrorCode::file_error, o.file + ": cannot be read"));
  const auto result = verify_journal(in, noted);
  if (in.bad()) return refuse(fail(ErrorCode::file_error, o.file + ": cannot be read"));
  if (result.lines > 0)
    std::cout << "entries " << result.first << " to " << result.last
              << " are as they were written\n"
              << "follows on " << base::hex_encode(result.previous) << "\n"
              << "head " << to_text({result.last, result.hash}) << "\n";
  if (result.bad_line != 0) {
    std::cout << "line " << result.bad_line << ": " << result.finding << "\n";
    return ExitCode::invalid;
  }
  if (result.lines == 0) std::cout << "no entries\n";
  if (!noted)
    std::cout
        << "Whether the end was cut off, or all of it written anew, shows only against a head "
           "that was noted before (--head).\n";
  return ExitCode::ok;
}

ExitCode head(const std::string& state) {
  auto reader = storage::StateReader::open(state);
  if (!reader) return refuse(reader.error());
  const auto found = reader->head();
  if (!found) return refuse(found.error());
  std::cout << to_text(*found) << "\n";
  return ExitCode::ok;
}

} // namespace

Commands add_journal(CLI::App& app) {
  auto* group =
      app.add_subcommand("journal", "The hash-chained journal of all process-card events");
  group->require_subcommand(1);

  auto exported = std::make_shared<ExportOptions>();
  auto* export_app = group->add_subcommand("export", "Write entries as NDJSON, one a line");
  add_place(*export_app, exported->state);
  add_window(*export_app, exported->window, false);
  export_app->add_option("-o,--output", exported->output, "file to write");

  auto verified = std::make_shared<VerifyOptions>();
  auto* verify_app = group->add_subcommand(
      "verify", "Check an exported journal; exit code 10 with the first bad line");
  verify_app->add_option("FILE", verified->file, "what `journal export` wrote")->required();
  verify_app->add_option("--head", verified->head,
                         "a head noted before (NUMBER:HASH or HASH), which must be in it");

  auto state = std::make_shared<std::string>();
  auto* head_app = group->add_subcommand(
      "head", "Print number and hash of the last entry, to be noted elsewhere");
  add_place(*head_app, *state);

  return {{export_app, [exported] { return export_journal(*exported); }},
          {verify_app, [verified] { return verify(*verified); }},
          {head_app, [state] { return head(*state); }}};
}

} // namespace cli::ctl
