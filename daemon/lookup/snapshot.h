// A whole directory with its certificates in one file: our own format, not one of the DVDV. One
// JSON object a line, so that 20,000 organisations are read with little memory:
//
//   {"format":"dataclearing-directory","version":1,"descriptions":1,"certificates":1,"organisations":1}
//   {"description":{"uri":..,"name":..,"providers":[..],"users":[..],"subject":..,
//     "communication":"one-way-active","roots":[..],"slots":[{"network":..,"element":..,"required":..}]}}
//   {"certificate":"BASE64 OF DER"}            numbered from 0; before the first line that refers
//   to it
//   {"organisation":{"key":..,"name":..,"mailbox":..,"categories":[..],"represents":[..],"test":false,
//     "certificates":[{"n":0,"use":"cipher","from":..,"until":..}],
//     "services":[{"uri":..,"name":..,"from":..,"until":..,"elements":[{"network":..,"recipient_cipher":0}]}],
//     "endpoints":[{"uri":..,"ca":..}]}}
//   {"end":3,"sha256":"hex"}                   lines after the first, SHA-256 of all octets before
//
// What is empty, absent or false is left out. Times are xsd:dateTime. Unknown members are passed
// over; what changes a meaning gets another version. A file that is cut or changed is recognised by
// its end.
#pragma once
#include "base/result.h"
#include "directory/directory.h"
#include "lookup/file_directory.h"
#include <memory>
#include <string>
#include <string_view>

namespace lookup {

// Line by line; one thread.
class SnapshotReader {
 public:
  // `name` stands in error details.
  explicit SnapshotReader(std::string name, const Limits& limits = {});
  ~SnapshotReader();
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  // Without its line feed. Error: invalid_config, detail "NAME:LINE: ...".
  base::Result<> line(std::string_view text);
  // After the last line. Errors: as above, and those of Directory::make.
  base::Result<std::shared_ptr<const directory::Directory>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

base::Result<std::shared_ptr<const directory::Directory>>
parse_snapshot(std::string_view text, const std::string& name, const Limits& limits = {});
// Errors: file_error, invalid_config.
base::Result<std::shared_ptr<const directory::Directory>> load_snapshot(const std::string& path,
                                                                        const Limits& limits = {});

// The same directory gives the same octets, and reading them gives the same directory.
std::string to_snapshot(const directory::Directory& directory);

} // namespace lookup
