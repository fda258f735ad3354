#include "cli/metadata.h"
#include "base/encoding.h"
#include "cli/files.h"
#include "cli/text.h"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

namespace cli {

namespace {

constexpr std::uint64_t kMaxHeader = 256 * 1024;
constexpr std::uint64_t kMaxDescription = 4 * 1024 * 1024;

// RFC 4122, version 4.
std::string new_uuid(base::RandomSource& random) {
  std::string octets = random.bytes(16);
  octets[6] = static_cast<char>((static_cast<unsigned char>(octets[6]) & 0x0fu) | 0x40u);
  octets[8] = static_cast<char>((static_cast<unsigned char>(octets[8]) & 0x3fu) | 0x80u);
  std::string out = "urn:uuid:" + base::hex_encode(octets);
  for (const std::size_t at :
       {std::size_t{9 + 20}, std::size_t{9 + 16}, std::size_t{9 + 12}, std::size_t{9 + 8}})
    out.insert(at, "-");
  return out;
}

void add(boost::json::object& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = harmless(value);
}

void add(boost::json::object& out, const char* name, const osci::KeyCode& code) {
  if (code.code.empty()) return;
  boost::json::object one;
  add(one, "code", code.code);
  add(one, "list_uri", code.list_uri);
  add(one, "list_version", code.list_version);
  out[name] = std::move(one);
}

} // namespace

void add_metadata_options(CLI::App& app, MetaDataOptions& o) {
  const char* group = "MessageMetaData";
  auto* file = app.add_option("--metadata", o.file,
                              "ready MessageMetaData (XML) to send along; or compose it from:");
  file->group(group);
  const auto option = [&](const char* name, std::string& value, const char* about) {
    app.add_option(name, value, about)->group(group)->excludes(file);
  };
  option("--message-type", o.message_type, "code of the message type, e.g. antrag.0100");
  option("--message-type-list", o.message_type_list, "URI of its code list");
  option("--message-type-version", o.message_type_version, "version of that list");
  option("--payload-schema", o.payload_schema, "URI of the schema that the content follows");
  option("--author", o.author, "identifier of the author, e.g. efa:010000000001");
  option("--reader", o.reader, "identifier of the reader; default: --to");
  option("--identifier-type", o.identifier_type, "kind of both identifiers");
  option("--business-scenario", o.scenario, "code of the business scenario, or text without list");
  option("--business-scenario-list", o.scenario_list, "URI of its code list");
  option("--business-scenario-version", o.scenario_version, "version of that list");
  option("--metadata-id", o.message_id, "the application's message id (URI); default: a new UUID");
  app.add_flag("--test-message", o.test, "mark it as a test message")->group(group)->excludes(file);
}

base::Result<std::optional<osci::CustomHeader>>
metadata_header(const MetaDataOptions& o, const std::string& service, const std::string& reader,
                std::uint64_t octets, base::Instant now, base::RandomSource& random) {
  const auto header =
      [](base::Result<std::string> text) -> base::Result<std::optional<osci::CustomHeader>> {
    if (!text) return text.error();
    return std::optional(osci::CustomHeader{std::string(osci::kMetaDataId), std::move(*text)});
  };
  if (!o.file.empty()) {
    const auto xml = read_file(o.file, kMaxHeader);
    if (!xml) return xml.error();
    return header(osci::adopt_metadata(*xml));
  }
  const std::string* asked[] = {&o.message_type,
                                &o.message_type_list,
                                &o.message_type_version,
                                &o.payload_schema,
                                &o.author,
                                &o.reader,
                                &o.scenario,
                                &o.scenario_list,
                                &o.scenario_version,
                                &o.message_id};
  // A mark as test that were dropped would make a real message of it.
  if (!o.test && std::all_of(std::begin(asked), std::end(asked),
                             [](const std::string* value) { return value->empty(); }))
    return std::optional<osci::CustomHeader>{};
  osci::MetaData m;
  m.test = o.test;
  m.service = service;
  m.author.value = o.author;
  m.reader.value = o.reader.empty() ? reader : o.reader;
  m.author.type = m.reader.type = o.identifier_type;
  m.message_type = {o.message_type, o.message_type_list, o.message_type_version};
  m.payload_schema = o.payload_schema;
  if (o.scenario_list.empty() && o.scenario_version.empty())
    m.undefined_scenario = o.scenario;
  else
    m.business_scenario = {o.scenario, o.scenario_list, o.scenario_version};
  m.message_id = o.message_id.empty() ? new_uuid(random) : o.message_id;
  m.origin = base::format_datetime(now);
  if (octets > 0) m.size = octets;
  return header(osci::write_metadata(m));
}

std::string metadata_of(const osci::Content& content) {
  const auto* header = osci::find_metadata(content.custom_headers);
  return header ? header->canonical : std::string();
}

std::optional<boost::json::object> describe_metadata(std::string_view canonical) {
  const auto read = osci::read_metadata(canonical);
  if (!read) return std::nullopt;
  boost::json::object out;
  add(out, "message_id", read->message_id);
  add(out, "service", read->service);
  add(out, "message_type", read->message_type);
  add(out, "payload_schema", read->payload_schema);
  add(out, "business_scenario", read->business_scenario);
  add(out, "business_scenario_text", read->undefined_scenario);
  add(out, "author", read->author.value);
  add(out, "reader", read->reader.value);
  if (read->origin) add(out, "origin", *read->origin);
  if (read->size) out["size"] = *read->size;
  if (read->test) out["test"] = true;
  if (!read->findings.empty()) {
    boost::json::array findings;
    for (const auto& one : read->findings) findings.push_back(harmless(one).c_str());
    out["findings"] = std::move(findings);
  }
  return out;
}

std::optional<boost::json::object> kept_metadata(const std::string& folder,
                                                 const std::string& message_id) {
  const auto text =
      read_file(folder + "/" + folder_name(message_id) + "/delivery.json", kMaxDescription);
  if (!text) return std::nullopt;
  boost::system::error_code failed;
  const auto value = boost::json::parse(*text, failed);
  const auto* about = failed ? nullptr : value.if_object();
  const auto* metadata = about ? about->if_contains("metadata") : nullptr;
  if (!metadata || !metadata->is_object()) return std::nullopt;
  return metadata->as_object();
}

} // namespace cli
