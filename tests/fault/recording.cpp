#include "fault/recording.h"
#include <cstring>
#include <fstream>
#include <iterator>

namespace fault {
namespace {

struct Header {
  std::uint8_t kind;
  std::uint32_t node;
  std::uint64_t offset;
  std::uint64_t path;
  std::uint64_t bytes;
};

} // namespace

std::string encode(const Call& call) {
  Header header{};
  header.kind = static_cast<std::uint8_t>(call.kind);
  header.node = call.node;
  header.offset = call.offset;
  header.path = call.path.size();
  header.bytes = call.bytes.size();
  std::string out(sizeof header, '\0');
  std::memcpy(out.data(), &header, sizeof header);
  return out + call.path + call.bytes;
}

Calls load_recording(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Calls out;
  std::size_t at = 0;
  while (all.size() - at >= sizeof(Header)) {
    Header header{};
    std::memcpy(&header, all.data() + at, sizeof header);
    const std::size_t left = all.size() - at - sizeof header;
    if (header.path > left || header.bytes > left - header.path) break;
    at += sizeof header;
    Call call;
    call.kind = static_cast<CallKind>(header.kind);
    call.node = header.node;
    call.offset = header.offset;
    call.path = all.substr(at, header.path);
    call.bytes = all.substr(at + header.path, header.bytes);
    at += header.path + header.bytes;
    out.push_back(std::move(call));
  }
  return out;
}

} // namespace fault
