// Text that others chose, made fit for terminals and file systems.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace cli {

// One line without control characters, escape sequences or marks that reverse the direction of
// writing; octets that are not UTF-8 become '?'.
std::string harmless(std::string_view text);

// A file name from a name in a message: the part behind the last slash or backslash, letters of any
// language kept, everything that could steer a shell, a path or a display replaced by '_', at most
// 120 octets. `fallback` when nothing is left. Never ".", "..", hidden, or beginning with '-'.
std::string safe_file_name(std::string_view untrusted, std::string_view fallback);

// A folder name that is different for different message ids: the id itself where it consists of
// letters, digits and . _ - only, otherwise its safe form with a piece of its SHA-256.
std::string folder_name(std::string_view message_id);

// `name`, or with "-2", "-3" before the extension until it is not in `taken` (compared without
// case, as some file systems do); adds it.
std::string unique_name(const std::string& name, std::set<std::string>& taken);

// The Content-ID to send a file under: printable ASCII, umlauts written out (Größe.pdf:
// Groesse.pdf).
std::string content_id_from(std::string_view file_name);

// By the first octets: ".xml", ".pdf", or ".bin".
std::string_view extension_of(std::string_view bytes);

std::string human_size(std::uint64_t octets); // "1.4 MB"

} // namespace cli
