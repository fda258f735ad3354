// An XÖV message that comes again (domain 3.1): each message has a nachrichtenUUID of its own, and
// whoever sends the same message once more, because he heard no answer, leaves it as it is. The
// intermediary cannot see it, so the duplicate is recognised here, where the content is open. It is
// marked and never dropped: which of the two counts is for the Fachverfahren.
#pragma once
#include "base/result.h"
#include "cli/files.h"
#include <optional>
#include <string>
#include <string_view>

namespace cli {

// Lower case, 8-4-4-4-12. Of the header `identifikation.nachricht`, whatever its namespace, because
// standards and products mix them; UUIDs of other messages that a document refers to do not count.
// None: not XML, or no such header.
std::optional<std::string> message_uuid(std::string_view document);

// Of this author's message: the folder on the shelf that had it before. None: this is the first, or
// the earlier folder is no longer there. Remembers `folder` otherwise, in `.messages` on the shelf,
// before it is written: a run that dies in between finds its own name there and goes on. Thread-
// safe. Error: file_error.
base::Result<std::optional<std::string>> sent_before(const Shelf& shelf, std::string_view author,
                                                     std::string_view uuid,
                                                     const std::string& folder);

} // namespace cli
