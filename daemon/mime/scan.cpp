#include "mime/scan.h"
#include "mime/fields.h"
#include <algorithm>
#include <set>

namespace mime {

using base::ErrorCode;
using base::Result;

namespace {

class Scanner {
 public:
  Scanner(const base::Octets& message, const Limits& limits, std::size_t piece)
      : message_(message), limits_(limits), piece_(std::max<std::size_t>(piece, 16)) {}

  std::uint64_t at = 0;

  // Up to `size` octets from `at`; fewer only at the end.
  Result<std::string> look(std::size_t size) const {
    std::string out(static_cast<std::size_t>(std::min<std::uint64_t>(size, message_.size() - at)),
                    '\0');
    if (const auto read = message_.read(at, out.data(), out.size()); !read) return read.error();
    return out;
  }

  Result<> skip_blank_lines() {
    for (;;) {
      const auto window = look(piece_ / 2 * 2);
      if (!window) return window.error();
      std::size_t blank = 0;
      while (window->compare(blank, 2, kCrlf) == 0) blank += 2;
      at += blank;
      if (blank == 0 || blank < window->size()) return {};
    }
  }

  // A header block and the text that its fields point into; `at` moves behind it.
  Result<std::vector<Header>> headers(std::string& text) {
    // The longest that the limits allow and a line more: what fails within it fails in all.
    const std::size_t most = (limits_.header_lines + 2) * (limits_.header_line + kCrlf.size());
    for (std::size_t size = std::min(std::size_t{4096}, most);; size = std::min(size * 4, most)) {
      auto window = look(size);
      if (!window) return window.error();
      text = std::move(*window);
      const bool whole = text.size() < size || size == most || text.starts_with(kCrlf) ||
                         position_of(text, "\r\n\r\n", 0) != std::string_view::npos;
      if (whole) break;
    }
    std::size_t end = 0;
    auto out = header_block(text, end, limits_);
    if (out) at += end;
    return out;
  }

  // Where `delimiter` stands next; nullopt: nowhere.
  Result<std::optional<std::uint64_t>> find(std::string_view delimiter) const {
    const std::size_t keep = delimiter.size() - 1;
    std::string window;
    std::uint64_t next = at; // of what is not read yet
    while (next < message_.size()) {
      const std::size_t kept = std::min(window.size(), keep);
      window.erase(0, window.size() - kept);
      const auto more =
          static_cast<std::size_t>(std::min<std::uint64_t>(piece_, message_.size() - next));
      window.resize(kept + more);
      if (const auto read = message_.read(next, window.data() + kept, more); !read)
        return read.error();
      next += more;
      const std::size_t hit = position_of(window, delimiter, 0);
      if (hit != std::string_view::npos) return std::optional(next - window.size() + hit);
    }
    return std::optional<std::uint64_t>();
  }

 private:
  const base::Octets& message_;
  const Limits& limits_;
  std::size_t piece_;
};

} // namespace

Result<ScannedMessage> scan(std::shared_ptr<const base::Octets> message, const Limits& limits,
                            std::size_t piece) {
  ScannedMessage out;
  Scanner scanner(*message, limits, piece);
  std::string text;
  if (const auto skipped = scanner.skip_blank_lines(); !skipped) return skipped.error();
  // Without HTTP there is nobody to name the boundary of a bare multipart.
  const auto start = scanner.look(2);
  if (!start) return start.error();
  if (*start == "--") return malformed("not multipart/related");
  const auto own = scanner.headers(text);
  if (!own) return own.error();
  const auto boundary = message_boundary(*own);
  if (!boundary) return boundary.error();
  out.boundary = std::string(*boundary);
  if (const auto skipped = scanner.skip_blank_lines(); !skipped) return skipped.error();

  const std::string delimiter = "\r\n--" + out.boundary;
  const auto dash_boundary = std::string_view(delimiter).substr(kCrlf.size());
  const auto at_delimiter = [&]() -> Result<bool> {
    const auto next = scanner.look(dash_boundary.size());
    if (!next) return next.error();
    return *next == dash_boundary;
  };
  const auto first = at_delimiter();
  if (!first) return first.error();
  if (!*first) return malformed("first delimiter line expected");
  scanner.at += dash_boundary.size();

  std::set<std::string> ids;
  for (;;) { // behind a delimiter
    const auto mark = scanner.look(4);
    if (!mark) return mark.error();
    if (mark->starts_with("--")) {
      const auto rest = std::string_view(*mark).substr(2);
      if (!rest.empty() && rest != kCrlf) return malformed("text after the final delimiter");
      if (out.parts.empty()) return malformed("no part");
      return out;
    }
    if (!mark->starts_with(kCrlf)) return malformed("delimiter line");
    scanner.at += kCrlf.size();
    if (out.parts.size() == limits.parts)
      return base::fail(ErrorCode::too_large, "number of MIME parts");
    const auto headers = scanner.headers(text);
    if (!headers) return headers.error();
    auto part = read_part(*headers);
    if (!part) return part.error();
    ScannedPart found;
    found.content_id = std::string(part->content_id);
    found.content_type = std::move(part->content_type);
    found.base64 = part->base64;
    found.other_headers = std::move(part->other_headers);
    if (!ids.insert(found.content_id).second) return malformed("Content-ID repeated");
    const auto early = at_delimiter();
    if (!early) return early.error();
    if (*early) return malformed("delimiter directly after the header lines");
    const auto end = scanner.find(delimiter);
    if (!end) return end.error();
    if (!*end) return malformed("no final delimiter");
    found.octets = base::OctetRange{message, scanner.at, **end - scanner.at};
    out.parts.push_back(std::move(found));
    scanner.at = **end + delimiter.size();
  }
}

} // namespace mime
