#include "directory/responsibility.h"
#include <algorithm>

namespace directory {

namespace {

using Code = ResponsibilityCode;

// One way down the chain; each step is false where it ends.
class Way {
 public:
  Way(const Agreements& all, const ResponsibilityQuestion& question) : all_(all), q_(question) {}

  ResponsibilityAnswer go() {
    if (region() && record() && body() && service() && transfer()) organisation();
    return std::move(out_);
  }

 private:
  bool block(Code code, std::vector<std::string> records = {}) {
    out_.findings.push_back({code, std::move(records), true});
    return false;
  }
  void note(Code code, std::vector<std::string> records) {
    out_.findings.push_back({code, std::move(records), false});
  }

  bool region() {
    if (!valid_leika(q_.leika)) return block(Code::leika_invalid);
    const auto plain = region_digits(q_.region);
    if (!plain) return block(Code::region_invalid);
    out_.region = all_.regions().find(*plain, q_.at);
    if (!out_.region) return block(Code::region_unknown, {*plain});
    const auto* asked = all_.regions().entry(*plain);
    if (asked != out_.region) note(Code::region_changed, {asked->key, out_.region->key});
    return true;
  }

  // Recorded for the region, or under a key that has gone into it.
  std::vector<const Responsibility*> recorded_for(const Region& region) const {
    auto out = all_.responsibilities_of(q_.leika, region.key);
    if (!out.empty()) return out;
    for (const auto* one : all_.regions().predecessors(region, q_.at)) {
      const auto& theirs = all_.responsibilities_of(q_.leika, one->key);
      out.insert(out.end(), theirs.begin(), theirs.end());
    }
    return out;
  }

  bool record() {
    auto& list = out_.recorded;
    list = recorded_for(*out_.region);
    const auto* kreis = all_.regions().kreis_of(*out_.region, q_.at);
    if (list.empty() && kreis && kreis != out_.region) {
      list = recorded_for(*kreis);
      if (!list.empty()) note(Code::by_kreis, {kreis->key});
    }
    if (!q_.party.empty())
      std::erase_if(list, [&](const auto* one) { return one->party != q_.party; });
    if (list.empty()) return block(Code::none_competent, {out_.region->key});
    if (list.size() == 1) return true;
    std::vector<std::string> choice;
    for (const auto* one : list) choice.push_back(one->party.empty() ? one->body : one->party);
    return block(Code::several_competent, std::move(choice));
  }

  bool body() {
    out_.competent = out_.acting = all_.party(out_.recorded.front()->party);
    return out_.competent ? true : block(Code::body_unknown, {out_.recorded.front()->body});
  }

  bool service() {
    auto services = all_.services_of(q_.leika);
    if (!q_.service.empty())
      std::erase_if(services, [&](const auto* one) { return all_.service(q_.service) != one; });
    if (services.empty()) return block(Code::service_unknown, {std::string(q_.leika)});
    if (services.size() > 1) {
      std::vector<std::string> choice;
      for (const auto* one : services) choice.push_back(one->id);
      return block(Code::several_services, std::move(choice));
    }
    out_.service = services.front();
    const auto& told = out_.recorded.front()->online_url;
    out_.online_url = told.empty() ? out_.service->url : told;
    if (!told.empty() && !out_.service->url.empty() && told != out_.service->url)
      note(Code::url_differs, {told, out_.service->url});
    return true;
  }

  bool transfer() {
    for (int steps = 0; steps < 4; ++steps) { // a circle in the records ends here
      const auto* doing = all_.transferred_to(*out_.acting, *out_.service, q_.at);
      if (!doing) break;
      out_.acting = doing;
    }
    if (out_.acting != out_.competent)
      note(Code::task_transferred, {out_.competent->id, out_.acting->id});
    return true;
  }

  // The versions valid then, the latest first.
  std::vector<const ServiceVersion*> versions() const {
    std::vector<const ServiceVersion*> out;
    for (const auto& one : out_.service->versions)
      if ((q_.service.empty() || q_.service == out_.service->id || q_.service == one.uri) &&
          one.validity.contains(q_.at))
        out.push_back(&one);
    std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
      return b->validity.from < a->validity.from; // without `from`: the earliest
    });
    return out;
  }

  bool fits(const std::string& key) const {
    if (!q_.organisation.empty()) {
      const auto chosen = normalise_key(q_.organisation);
      return chosen && *chosen == key;
    }
    const auto& category = out_.service->recipient_category;
    if (category.empty() || key.starts_with(category + ":")) return true;
    const auto* listed = q_.directory ? q_.directory->find(key) : nullptr;
    return listed && listed->of_category({category});
  }

  void organisation() {
    const auto valid = versions();
    if (valid.empty()) {
      block(Code::version_missing, {out_.service->id});
      return;
    }
    std::vector<std::string> keys;
    std::copy_if(out_.acting->organisations.begin(), out_.acting->organisations.end(),
                 std::back_inserter(keys), [&](const auto& key) { return fits(key); });
    if (keys.empty()) {
      block(Code::organisation_missing, {out_.acting->id});
      return;
    }
    std::string uri = valid.front()->uri;
    if (q_.directory && !offered(valid, keys, uri)) return;
    if (keys.size() > 1) {
      block(Code::several_organisations, std::move(keys));
      return;
    }
    out_.organisation = keys.front();
    out_.service_uri = uri;
  }

  // Keeps the keys that the directory lists with the latest version that any of them offers.
  bool offered(const std::vector<const ServiceVersion*>& valid, std::vector<std::string>& keys,
               std::string& uri) {
    const auto all = keys;
    std::erase_if(keys, [&](const auto& key) { return !q_.directory->find(key); });
    if (keys.empty()) return block(Code::not_in_directory, all);
    for (const auto* version : valid) {
      std::vector<std::string> with;
      for (const auto& key : keys)
        for (const auto& one : q_.directory->find(key)->services)
          if (one.uri == version->uri && one.current(q_.at)) with.push_back(key);
      if (with.empty()) continue;
      keys = std::move(with);
      uri = version->uri;
      return true;
    }
    return block(Code::service_not_offered, keys);
  }

  const Agreements& all_;
  const ResponsibilityQuestion& q_;
  ResponsibilityAnswer out_;
};

std::string joined(const std::vector<std::string>& records) {
  std::string out;
  for (const auto& one : records) out += (out.empty() ? "" : ", ") + one;
  return out;
}

} // namespace

bool ResponsibilityAnswer::found() const {
  return !organisation.empty() &&
         std::none_of(findings.begin(), findings.end(), [](const auto& one) { return one.blocks; });
}

ResponsibilityAnswer find_responsible(const Agreements& agreements,
                                      const ResponsibilityQuestion& question) {
  return Way(agreements, question).go();
}

std::string_view to_string(ResponsibilityCode code) {
  switch (code) {
  case Code::leika_invalid:
    return "leika_invalid";
  case Code::region_invalid:
    return "region_invalid";
  case Code::region_unknown:
    return "region_unknown";
  case Code::none_competent:
    return "none_competent";
  case Code::several_competent:
    return "several_competent";
  case Code::body_unknown:
    return "body_unknown";
  case Code::service_unknown:
    return "service_unknown";
  case Code::several_services:
    return "several_services";
  case Code::version_missing:
    return "version_missing";
  case Code::organisation_missing:
    return "organisation_missing";
  case Code::several_organisations:
    return "several_organisations";
  case Code::not_in_directory:
    return "not_in_directory";
  case Code::service_not_offered:
    return "service_not_offered";
  case Code::region_changed:
    return "region_changed";
  case Code::by_kreis:
    return "by_kreis";
  case Code::task_transferred:
    return "task_transferred";
  case Code::url_differs:
    break;
  }
  return "url_differs";
}

std::string german(const ResponsibilityFinding& finding) {
  const auto what = joined(finding.records);
  const auto at = [&](std::size_t i) {
    return i < finding.records.size() ? finding.records[i] : std::string();
  };
  switch (finding.code) {
  case Code::leika_invalid:
    return "Ein LeiKa-Schlüssel hat 14 Ziffern und beginnt mit 99.";
  case Code::region_invalid:
    return "Ein Regionalschlüssel ist ein AGS (8 Ziffern), ein ARS (12) oder ein Kreis (5).";
  case Code::region_unknown:
    return "Die Region " + what + " ist nicht bekannt oder gilt zu diesem Zeitpunkt nicht.";
  case Code::none_competent:
    return "Für die Region " + what + " ist keine zuständige Stelle erfasst.";
  case Code::several_competent:
    return "Mehrere Stellen sind zuständig, bitte wählen: " + what + ".";
  case Code::body_unknown:
    return "Die zuständige Stelle " + what + " ist nicht als Partei erfasst.";
  case Code::service_unknown:
    return "Zur Leistung " + what + " ist kein EfA-Dienst erfasst.";
  case Code::several_services:
    return "Zur Leistung gibt es mehrere Dienste, bitte wählen: " + what + ".";
  case Code::version_missing:
    return "Vom Dienst " + what + " gilt zu diesem Zeitpunkt keine Version.";
  case Code::organisation_missing:
    return "Zu " + what + " ist keine passende Organisation (Behördenschlüssel) erfasst.";
  case Code::several_organisations:
    return "Mehrere Organisationen kommen in Frage, bitte wählen: " + what + ".";
  case Code::not_in_directory:
    return what + " steht nicht im Verzeichnis (DVDV).";
  case Code::service_not_offered:
    return what + " bietet den Dienst im Verzeichnis (DVDV) derzeit nicht an.";
  case Code::region_changed:
    return "Der Schlüssel " + at(0) + " ist weggefallen; es gilt " + at(1) + ".";
  case Code::by_kreis:
    return "Zuständig ist der Kreis " + what + ".";
  case Code::task_transferred:
    return "Die Aufgabe von " + at(0) + " nimmt " + at(1) + " wahr.";
  case Code::url_differs:
    break;
  }
  return "Die Zuständigkeitssuche nennt die Adresse " + at(0) + ", der Dienst hat " + at(1) + ".";
}

} // namespace directory
