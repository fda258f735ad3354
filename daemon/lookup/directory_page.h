// This installation's directory for others to read: GET /directory answers with a snapshot.
// Thread-safe: immutable.
#pragma once
#include "directory/directory.h"
#include "http/server.h"
#include <memory>
#include <string>

namespace lookup {

class DirectoryPage {
 public:
  // `token`: what a reader must show as bearer token; empty: nothing.
  DirectoryPage(const directory::Directory& directory, std::string token);

  // 200 with ETag, 304 for If-None-Match, 401, 405.
  http::Response answer(const http::Request& request) const;

 private:
  std::string text_, etag_, token_;
};

} // namespace lookup
