// Files that a fuzz target needs beside its input.
#pragma once
#include "crypto/certificate.h"
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

inline std::string read_file(const std::string& name) {
  std::ifstream in(std::string(DC_SOURCE_DIR "/tests/") + name, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf())) std::abort();
  return out.str();
}

inline crypto::Certificate read_certificate(const std::string& name) {
  auto read = crypto::Certificate::from_file_text(read_file(name));
  if (!read) std::abort();
  return *read;
}
