#include "cli/profile.h"
#include <algorithm>
#include <filesystem>
#include <toml++/toml.h>

namespace cli {

using base::ErrorCode;
using base::fail;

namespace {

// Names of the long options that the arguments give, up to "--".
std::set<std::string, std::less<>> names_in(const std::vector<std::string>& arguments) {
  std::set<std::string, std::less<>> out;
  for (const auto& one : arguments) {
    if (one == "--") break;
    if (one.starts_with("--")) out.insert(one.substr(2, one.find('=') - 2));
  }
  return out;
}

bool beaten(const std::string& key, const KnownOptions& known,
            const std::set<std::string, std::less<>>& given) {
  if (given.contains(key)) return true;
  for (const auto& group : known.groups)
    if (group.contains(key))
      for (const auto& other : group)
        if (given.contains(other)) return true;
  return false;
}

} // namespace

std::string profile_path(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (arguments[i].starts_with("--profile=")) return arguments[i].substr(10);
    if (arguments[i] == "--profile" && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return {};
}

base::Result<std::vector<std::string>> profile_arguments(std::string_view toml,
                                                         const std::string& path,
                                                         const KnownOptions& known,
                                                         const std::vector<std::string>& given) {
  toml::table table;
  try {
    table = toml::parse(toml, path);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_config,
                path + ", line " + std::to_string(error.source().begin.line) + ": not valid TOML");
  }
  const auto names = names_in(given);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::vector<std::string> out;
  std::string problem;
  const auto add = [&](const std::string& key, const toml::node& value) {
    const std::string option = "--" + key;
    if (const auto text = value.value_exact<std::string>()) {
      std::string argument = *text;
      if (known.paths.contains(key)) argument = (folder / argument).string();
      out.push_back(option + "=" + argument);
    } else if (const auto number = value.value_exact<std::int64_t>()) {
      out.push_back(option + "=" + std::to_string(*number));
    } else if (const auto flag = value.value_exact<bool>()) {
      if (*flag) out.push_back(option);
    } else {
      problem = "text, number, true/false, or a list of text expected";
    }
  };
  for (const auto& [name, value] : table) {
    const std::string key(name.str());
    const std::string where =
        path + ", line " + std::to_string(value.source().begin.line) + ": " + key;
    if (key == "profile" || !known.anywhere.contains(key))
      return fail(ErrorCode::invalid_config,
                  where + ": no such option; keys are the long names of `osci --help`, without --");
    if (!known.here.contains(key) || beaten(key, known, names)) continue;
    if (const auto* list = value.as_array()) {
      for (const auto& one : *list) add(key, one);
    } else {
      add(key, value);
    }
    if (!problem.empty()) return fail(ErrorCode::invalid_config, where + ": " + problem);
  }
  return out;
}

} // namespace cli
