// Liveness and readiness on the admin listener.
#pragma once
#include "base/result.h"
#include "http/server.h"
#include <functional>
#include <memory>
#include <string>

namespace ops {

// One thing that must be in order for the daemon to accept messages. Called on the io thread for
// each GET /health/ready: it looks at something already known or cheap and never blocks.
using HealthCheck = std::function<base::Result<>()>;

// GET (HEAD) /health/live: 200 as soon as the loop answers. GET /health/ready: 200 when every check
// passes, else 503; body {"ready":bool,"checks":[{"name":..,"ok":bool,"reason":..}]}. All else:
// 404.
class Health {
 public:
  Health();
  void add(std::string name, HealthCheck check); // before the handler is in use
  // Something the operator should know that does not keep messages from being accepted: listed with
  // "notice":true, and without effect on the verdict.
  void add_notice(std::string name, HealthCheck check);
  bool ready() const;
  http::Handler handler() const; // may outlive this object

 private:
  struct Checks;
  std::shared_ptr<Checks> checks_;
};

} // namespace ops
