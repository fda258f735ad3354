#include "xml/schema_validator.h"
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_set>

#include <xercesc/framework/MemBufInputSource.hpp>
#include <xercesc/framework/XMLGrammarPoolImpl.hpp>
#include <xercesc/framework/XMLSchemaDescription.hpp>
#include <xercesc/framework/XMLValidityCodes.hpp>
#include <xercesc/parsers/SAX2XMLReaderImpl.hpp>
#include <xercesc/sax2/DefaultHandler.hpp>
#include <xercesc/util/OutOfMemoryException.hpp>
#include <xercesc/util/PlatformUtils.hpp>
#include <xercesc/util/SynchronizedStringPool.hpp>
#include <xercesc/util/TransService.hpp>
#include <xercesc/util/XMLEntityResolver.hpp>
#include <xercesc/util/XMLResourceIdentifier.hpp>
#include <xercesc/util/XMLUni.hpp>
#include <xercesc/validators/datatype/DatatypeValidatorFactory.hpp>
#include <xercesc/validators/schema/SchemaGrammar.hpp>

namespace xml {
namespace {

using base::ErrorCode;
using base::fail;
using Path = std::filesystem::path;
namespace xc = xercesc;

constexpr std::size_t kMaxSchemaFile = std::size_t{4} << 20;
constexpr std::size_t kMaxSchemaFiles = 1000;
// Of the table of namespaces of one document, which never grows; a hostile one names thousands.
constexpr unsigned kStringBuckets = 1021;
// Different elements without declaration: Xerces lists them, and looks through the list.
constexpr std::size_t kMaxUndeclared = 1000;

// Xerces keeps global tables; they stay until the process ends.
void initialise_xerces() {
  static std::once_flag once;
  std::call_once(once, [] { xc::XMLPlatformUtils::Initialize(); });
}

std::u16string_view view(const XMLCh* text) {
  return text ? std::u16string_view(text) : std::u16string_view{};
}

std::string utf8(const XMLCh* text) {
  if (!text) return {};
  const xc::TranscodeToStr out(text, "UTF-8");
  return std::string(reinterpret_cast<const char*>(out.str()), out.length());
}

// A parse that has seen enough.
struct Stopped {};

struct Violation {
  std::string rule;
  std::uint64_t line = 0; // 0: told without one
  bool of_text = false;   // between tags
  std::string text;       // Xerces' own, which quotes values: for schema files only
};

// Xerces tells a rule by number and quotes the value in its text; the text is dropped (decision
// 13).
std::string rule_of(unsigned int code, const XMLCh* domain) {
  if (view(domain) == view(xc::XMLUni::fgExceptDomain)) return "value is not of its type";
  if (view(domain) != view(xc::XMLUni::fgValidityDomain))
    return "not well-formed, rule " + std::to_string(code);
  using V = xc::XMLValid;
  switch (code) {
  case V::ElementNotDefined:
    return "element not declared";
  case V::AttNotDefined:
  case V::AttNotDefinedForElement:
    return "attribute not declared";
  case V::RequiredAttrNotProvided:
    return "required attribute missing";
  case V::ElementNotValidForContent:
    return "element not allowed here, or required element missing before it";
  case V::NotEnoughElemsForCM:
  case V::EmptyNotValidForContent:
    return "required element missing at the end";
  case V::NoCharDataInCM:
  case V::NonWSContent:
    return "text not allowed";
  case V::EmptyElemHasContent:
    return "content not allowed";
  case V::SimpleTypeHasChild:
    return "child element not allowed in a value";
  case V::DatatypeError:
  case V::DatatypeValidationFailure:
  case V::DoesNotMatchEnumList:
  case V::InvalidEmptyAttValue:
    return "value is not of its type";
  case V::NotSameAsFixedValue:
  case V::FixedDifferentFromActual:
    return "value is not the only one allowed";
  case V::ReusedIDValue:
    return "Id used twice";
  case V::IDNotDeclared:
    return "reference to an Id that is not there";
  case V::IC_DuplicateUnique:
  case V::IC_DuplicateKey:
    return "value that must be unique is repeated";
  case V::IC_AbsentKeyValue:
  case V::IC_KeyNotEnoughValues:
    return "required part missing";
  case V::IC_FieldMultipleMatch:
    return "part that may stand once is repeated";
  case V::ProhibitedAttributePresent:
    return "attribute not allowed";
  case V::BadXsiType:
  case V::NonDerivedXsiType:
    return "xsi:type not allowed";
  default:
    return "schema rule " + std::to_string(code);
  }
}

// A reader that passes the number of a violation on, where Xerces' own passes text.
class Reader : public xc::SAX2XMLReaderImpl {
 public:
  explicit Reader(xc::XMLGrammarPool* pool)
      : SAX2XMLReaderImpl(xc::XMLPlatformUtils::fgMemoryManager, pool) {
    setFeature(xc::XMLUni::fgSAX2CoreNameSpaces, true);
    setFeature(xc::XMLUni::fgSAX2CoreValidation, true);
    setFeature(xc::XMLUni::fgXercesDynamic, false);
    setFeature(xc::XMLUni::fgXercesSchema, true);
    setFeature(xc::XMLUni::fgXercesLoadExternalDTD, false);
    setFeature(xc::XMLUni::fgXercesDisableDefaultEntityResolution, true);
    setFeature(xc::XMLUni::fgXercesContinueAfterFatalError, false);
    setErrorHandler(&silent_); // without one Xerces would not call error() below
  }

  std::optional<Violation> violation; // the first

  void error(const unsigned int code, const XMLCh* const domain, const ErrTypes type,
             const XMLCh* const text, const XMLCh* const, const XMLCh* const, const XMLFileLoc line,
             const XMLFileLoc) override {
    if (type == ErrType_Warning || violation) return;
    violation =
        Violation{type == ErrType_Fatal ? "not well-formed" : rule_of(code, domain), line,
                  code == xc::XMLValid::NoCharDataInCM || code == xc::XMLValid::NonWSContent,
                  keep_text ? utf8(text) : std::string{}};
    if (type == ErrType_Fatal) throw Stopped{};
  }

  bool keep_text = false;

 private:
  xc::DefaultHandler silent_;
};

// Where an element stands. An error is raised before the event of the tag that it belongs to: the
// next start tag is the culprit's own, the next end tag its element's or its parent's.
class Tracker : public xc::DefaultHandler {
 public:
  Tracker(Reader& reader, const std::unordered_set<std::u16string>& declared)
      : reader_(reader), declared_(declared) {}

  void startElement(const XMLCh* const uri, const XMLCh* const name, const XMLCh* const,
                    const xc::Attributes&) override {
    if (reader_.violation && reader_.violation->of_text) throw Stopped{};
    std::u16string key(view(uri));
    key += u' ';
    key += view(name);
    const auto known = declared_.find(key);
    path_.push_back(known == declared_.end() ? nullptr : &*known);
    if (known == declared_.end() && undeclared_.insert(std::move(key)).second &&
        undeclared_.size() > kMaxUndeclared && !reader_.violation)
      reader_.violation =
          Violation{"too many different elements that no schema declares", 0, false, {}};
    if (reader_.violation) throw Stopped{};
  }
  void endElement(const XMLCh* const, const XMLCh* const, const XMLCh* const) override {
    if (reader_.violation) throw Stopped{};
    path_.pop_back();
  }

  std::string path() const {
    std::string out;
    for (const auto* one : path_) {
      out += '/';
      if (one)
        out += utf8(one->c_str() + one->rfind(u' ') + 1);
      else
        out += '*';
    }
    return out.empty() ? "/" : out;
  }

 private:
  Reader& reader_;
  const std::unordered_set<std::u16string>& declared_;
  std::unordered_set<std::u16string> undeclared_;
  std::vector<const std::u16string*> path_; // null: not declared
};

base::Result<std::string> read_schema(const Path& file) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(file, failed);
  if (failed) return fail(ErrorCode::file_error, file.string() + ": cannot be read");
  if (size > kMaxSchemaFile)
    return fail(ErrorCode::file_error, file.string() + ": larger than 4 MiB");
  std::ifstream in(file, std::ios::binary);
  std::string out(static_cast<std::size_t>(size), '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (!in || in.gcount() != static_cast<std::streamsize>(size))
    return fail(ErrorCode::file_error, file.string() + ": cannot be read");
  return out;
}

std::unique_ptr<xc::MemBufInputSource> source_of(const std::string& text, const Path& name) {
  auto out = std::make_unique<xc::MemBufInputSource>(reinterpret_cast<const XMLByte*>(text.data()),
                                                     text.size(), name.string().c_str());
  out->setCopyBufToStream(false);
  return out;
}

// The target namespace of a schema file, read from its root element. Not a schema: nothing.
std::optional<std::string> target_namespace(const std::string& text, const Path& name) {
  class Root : public xc::DefaultHandler {
   public:
    std::optional<std::string> found;
    void startElement(const XMLCh* const, const XMLCh* const local, const XMLCh* const,
                      const xc::Attributes& attributes) override {
      if (view(local) == u"schema")
        found = utf8(
            attributes.getValue(reinterpret_cast<const XMLCh*>(u"targetNamespace"))); // none: empty
      throw Stopped{};
    }
    xc::InputSource* resolveEntity(const XMLCh* const, const XMLCh* const) override {
      return new xc::MemBufInputSource(reinterpret_cast<const XMLByte*>(""), 0, "");
    }
  };
  Root root;
  Reader reader(nullptr);
  reader.setFeature(xc::XMLUni::fgSAX2CoreValidation, false);
  reader.setContentHandler(&root);
  reader.setEntityResolver(&root);
  try {
    reader.parse(*source_of(text, name));
  } catch (const Stopped&) {
  }
  return root.found;
}

// The schema files that may be loaded, read on demand.
class Sources {
 public:
  static base::Result<Sources> index(std::vector<Path> folders) {
    Sources out;
    std::size_t count = 0;
    for (const auto& folder : folders) {
      if (std::find(out.folders_.begin(), out.folders_.end(), folder) != out.folders_.end())
        continue;
      out.folders_.push_back(folder);
      std::error_code failed;
      std::vector<Path> files;
      for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
        if (entry.path().extension() == ".xsd") files.push_back(entry.path());
      if (failed) return fail(ErrorCode::file_error, folder.string() + ": cannot be read");
      std::sort(files.begin(), files.end());
      for (const auto& file : files) {
        if (++count > kMaxSchemaFiles)
          return fail(ErrorCode::invalid_config, folder.string() + ": too many schema files");
        auto text = read_schema(file);
        if (!text) return text.error();
        if (const auto name = target_namespace(*text, file))
          out.by_namespace_[folder][*name].push_back(file);
        out.texts_.emplace(file, std::move(*text));
      }
    }
    return out;
  }

  // By namespace, in the order of the folders; among several of one folder by file name.
  const Path* by_namespace(const std::string& name, const std::string& location) const {
    for (const auto& folder : folders_) {
      const auto& spaces = by_namespace_.find(folder);
      if (spaces == by_namespace_.end()) continue;
      const auto files = spaces->second.find(name);
      if (files == spaces->second.end()) continue;
      if (files->second.size() == 1) return &files->second.front();
      for (const auto& file : files->second)
        if (file.filename() == Path(location).filename()) return &file;
    }
    return nullptr;
  }

  // By file name, beside the including file first.
  const Path* by_name(const std::string& location, const Path& from) const {
    const Path name = Path(location).filename();
    if (const auto beside = texts_.find(from.parent_path() / name); beside != texts_.end())
      return &beside->first;
    for (const auto& folder : folders_)
      if (const auto found = texts_.find(folder / name); found != texts_.end())
        return &found->first;
    return nullptr;
  }

  const std::string* text(const Path& file) const {
    const auto found = texts_.find(file);
    return found == texts_.end() ? nullptr : &found->second;
  }

 private:
  std::vector<Path> folders_;
  std::map<Path, std::string> texts_;
  std::map<Path, std::map<std::string, std::vector<Path>>> by_namespace_;
};

class Resolver : public xc::XMLEntityResolver {
 public:
  explicit Resolver(const Sources& sources) : sources_(sources) {}
  std::string missing; // what no file answers to

  xc::InputSource* resolveEntity(xc::XMLResourceIdentifier* wanted) override {
    using Wanted = xc::XMLResourceIdentifier;
    const std::string location = utf8(wanted->getSchemaLocation());
    const Path* file = nullptr;
    switch (wanted->getResourceIdentifierType()) {
    case Wanted::SchemaImport:
      file = sources_.by_namespace(utf8(wanted->getNameSpace()), location);
      break;
    case Wanted::SchemaInclude:
    case Wanted::SchemaRedefine:
      file = sources_.by_name(location, utf8(wanted->getBaseURI()));
      break;
    default: // a DTD: nothing is fetched
      return new xc::MemBufInputSource(reinterpret_cast<const XMLByte*>(""), 0, "");
    }
    if (file) return source_of(*sources_.text(*file), *file).release();
    if (missing.empty()) missing = wanted->getNameSpace() ? utf8(wanted->getNameSpace()) : location;
    return new xc::MemBufInputSource(reinterpret_cast<const XMLByte*>(""), 0, "");
  }

 private:
  const Sources& sources_;
};

class Pool : public xc::XMLGrammarPoolImpl {
  // Describes every component for applications that browse schemas; nobody asks for it here.
  void createXSModel() override {}
};

// What one validation sees of a locked pool: its grammars, and a string pool of its own. The
// locked pool itself would keep every namespace that any document ever named.
class PoolView : public xc::XMLGrammarPool {
 public:
  PoolView(Pool& shared, const xc::XMLStringPool& strings)
      : XMLGrammarPool(shared.getMemoryManager()), shared_(shared),
        strings_(&strings, kStringBuckets) {}

  bool cacheGrammar(xc::Grammar* const) override { return false; }
  xc::Grammar* retrieveGrammar(xc::XMLGrammarDescription* const wanted) override {
    return shared_.retrieveGrammar(wanted);
  }
  xc::Grammar* orphanGrammar(const XMLCh* const) override { return nullptr; }
  xc::RefHashTableOfEnumerator<xc::Grammar> getGrammarEnumerator() const override {
    return shared_.getGrammarEnumerator();
  }
  bool clear() override { return false; }
  void lockPool() override {}
  void unlockPool() override {}
  xc::DTDGrammar* createDTDGrammar() override { return shared_.createDTDGrammar(); }
  xc::SchemaGrammar* createSchemaGrammar() override { return shared_.createSchemaGrammar(); }
  xc::XMLDTDDescription* createDTDDescription(const XMLCh* const id) override {
    return shared_.createDTDDescription(id);
  }
  xc::XMLSchemaDescription* createSchemaDescription(const XMLCh* const name) override {
    return shared_.createSchemaDescription(name);
  }
  xc::XSModel* getXSModel(bool& changed) override {
    changed = false;
    return nullptr;
  }
  xc::XMLStringPool* getURIStringPool() override { return &strings_; }
  void serializeGrammars(xc::BinOutputStream* const) override {}
  void deserializeGrammars(xc::BinInputStream* const) override {}

 private:
  Pool& shared_;
  xc::XMLSynchronizedStringPool strings_;
};

// A document type declaration can only stand before the root element.
bool declares_type(std::string_view text) {
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const auto rest = text.substr(at);
    if (rest.starts_with("<?"))
      at = text.find("?>", at);
    else if (rest.starts_with("<!--"))
      at = text.find("-->", at);
    else
      return rest.starts_with("<!");
    if (at == std::string_view::npos) break;
  }
  return false;
}

} // namespace

namespace {

// The first text that a pattern meets makes Xerces lay tables of its character ranges; a reader
// that comes along meanwhile would take them half filled, and refuse what is valid. So every type
// meets texts of the usual beginnings before there is a second reader.
void lay_tables(xc::RefHashTableOf<xc::DatatypeValidator>* types) {
  if (!types) return;
  xc::RefHashTableOfEnumerator<xc::DatatypeValidator> all(types);
  while (all.hasMoreElements()) {
    auto& type = all.nextElement();
    switch (type.getType()) {
    case xc::DatatypeValidator::ID: // they want to know of a document
    case xc::DatatypeValidator::IDREF:
    case xc::DatatypeValidator::ENTITY:
    case xc::DatatypeValidator::NOTATION:
      continue;
    default:
      break;
    }
    for (const char16_t* text :
         {u"0", u"-1", u"+1", u"1.5", u"a", u"A", u"aB9-x", u"de-DE", u"a:b", u"http://a.example/",
          u"true", u"2026-12-01", u"2026-12-01T12:00:00Z", u"12:00:00", u"P1D", u"YWJj", u" ",
          u"%"}) {
      try {
        type.validate(text);
      } catch (const xc::OutOfMemoryException&) {
        throw std::bad_alloc();
      } catch (const xc::XMLException&) { // is not of this type
      }
    }
  }
}

} // namespace

class SchemaValidator::Grammars {
 public:
  static base::Result<std::shared_ptr<const Grammars>> load(const Path& start,
                                                            const Sources& sources) {
    // What types are built in is one table of the process, which loading extends.
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    const auto* text = sources.text(start);
    if (!text) return fail(ErrorCode::file_error, start.string() + ": cannot be read");
    auto out = std::make_shared<Grammars>();
    Resolver resolver(sources);
    std::string wrong;
    {
      Reader reader(&out->pool_);
      reader.keep_text = true;
      reader.setFeature(xc::XMLUni::fgXercesSchemaFullChecking, true);
      reader.setFeature(xc::XMLUni::fgXercesHandleMultipleImports, true);
      reader.setXMLEntityResolver(&resolver);
      try {
        if (!reader.loadGrammar(*source_of(*text, start), xc::Grammar::SchemaGrammarType, true))
          wrong = "no schema";
      } catch (const Stopped&) {
        wrong = "no schema";
      } catch (const xc::XMLException& error) {
        wrong = utf8(error.getMessage());
      }
      if (reader.violation)
        wrong = "line " + std::to_string(reader.violation->line) + ": " + reader.violation->text;
    }
    if (!resolver.missing.empty())
      return fail(ErrorCode::invalid_config,
                  start.string() + ": no schema file for " + resolver.missing);
    if (!wrong.empty()) return fail(ErrorCode::invalid_config, start.string() + ": " + wrong);
    out->finish();
    return std::shared_ptr<const Grammars>(std::move(out));
  }

  base::Result<> validate(std::string_view text) const {
    if (declares_type(text))
      return fail(ErrorCode::malformed_message, "schema: document type declaration");
    PoolView pool(pool_, *strings_);
    Reader reader(&pool);
    Tracker tracker(reader, declared_);
    reader.setProperty(xc::XMLUni::fgXercesScannerName,
                       const_cast<XMLCh*>(xc::XMLUni::fgSGXMLScanner));
    reader.setFeature(xc::XMLUni::fgXercesUseCachedGrammarInParse, true);
    reader.setFeature(xc::XMLUni::fgXercesLoadSchema, false);
    reader.setContentHandler(&tracker);
    xc::MemBufInputSource source(reinterpret_cast<const XMLByte*>(text.data()), text.size(), "");
    source.setCopyBufToStream(false);
    source.setEncoding(xc::XMLUni::fgUTF8EncodingString);
    try {
      reader.parse(source);
    } catch (const Stopped&) {
    } catch (const xc::OutOfMemoryException&) {
      throw std::bad_alloc();
    } catch (const xc::XMLException& error) {
      return fail(ErrorCode::malformed_message,
                  "schema: reader error " + std::to_string(error.getCode()));
    }
    if (!reader.violation) return {};
    const Violation& found = *reader.violation;
    const std::string line = found.line ? ", line " + std::to_string(found.line) : std::string{};
    return fail(ErrorCode::malformed_message,
                "schema: " + tracker.path() + line + ": " + found.rule);
  }

 private:
  // Whatever Xerces would make at first use is made now, so that readers only read.
  void finish() {
    strings_ = pool_.getURIStringPool();
    lay_tables(xc::DatatypeValidatorFactory::getBuiltInRegistry());
    auto grammars = pool_.getGrammarEnumerator();
    while (grammars.hasMoreElements()) {
      auto& grammar = static_cast<xc::SchemaGrammar&>(grammars.nextElement());
      if (auto* types = grammar.getComplexTypeRegistry()) {
        xc::RefHashTableOfEnumerator<xc::ComplexTypeInfo> all(types);
        while (all.hasMoreElements()) {
          auto& type = all.nextElement();
          (void)type.getContentModel(false);
          (void)type.getFormattedContentModel();
          (void)type.getAttDefList();
        }
      }
      if (auto* types = grammar.getDatatypeRegistry()) lay_tables(types->getUserDefinedRegistry());
      auto elements = grammar.getElemEnumerator();
      while (elements.hasMoreElements()) {
        auto& element = elements.nextElement();
        std::u16string key(view(strings_->getValueForId(element.getURI())));
        key += u' ';
        key += view(element.getBaseName());
        declared_.insert(std::move(key));
      }
    }
    pool_.lockPool();
  }

  mutable Pool pool_;                           // locked; Xerces has no const
  const xc::XMLStringPool* strings_ = nullptr;  // of the pool as loaded
  std::unordered_set<std::u16string> declared_; // "namespace name" of every element
};

SchemaValidator::SchemaValidator(std::shared_ptr<const Grammars> grammars)
    : grammars_(std::move(grammars)) {}

base::Result<SchemaValidator> SchemaValidator::load(const Path& start,
                                                    const std::vector<Path>& folders) {
  initialise_xerces();
  std::vector<Path> all{start.parent_path()};
  all.insert(all.end(), folders.begin(), folders.end());
  const auto sources = Sources::index(std::move(all));
  if (!sources) return sources.error();
  auto grammars = Grammars::load(start, *sources);
  if (!grammars) return grammars.error();
  return SchemaValidator(std::move(*grammars));
}

base::Result<> SchemaValidator::validate(std::string_view text) const {
  return grammars_->validate(text);
}

base::Result<SchemaSet> SchemaSet::load(const Path& folder, const std::vector<std::string>& names,
                                        const std::vector<Path>& folders) {
  initialise_xerces();
  std::vector<Path> all{folder};
  all.insert(all.end(), folders.begin(), folders.end());
  const auto sources = Sources::index(std::move(all));
  if (!sources) return sources.error();
  SchemaSet out;
  for (const auto& name : names) {
    auto grammars = SchemaValidator::Grammars::load(folder / (name + ".xsd"), *sources);
    if (!grammars) return grammars.error();
    out.validators_.emplace(name, SchemaValidator(std::move(*grammars)));
  }
  return out;
}

const SchemaValidator* SchemaSet::find(std::string_view name) const {
  const auto found = validators_.find(name);
  return found == validators_.end() ? nullptr : &found->second;
}

} // namespace xml
