// Ways to falsify what a history says about pushes; the judge must notice every one.
#pragma once
#include "crash/history.h"
#include <functional>
#include <string>
#include <vector>

namespace crash {

struct Falsification {
  std::string name;
  Rule rule; // that must complain
  std::function<void(History&)> change;
};

// Empty: `good` holds no push of each kind that came to a positive end, or none that was refused.
std::vector<Falsification> push_falsifications(const History& good);
// Whether a history holds what push_falsifications() needs.
bool has_pushes(const History& history);

} // namespace crash
