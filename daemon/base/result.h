// Expected outcomes are values. Result<T> holds a T or a base::Error; value() on an error is a bug
// and throws InternalError, which the gateway catches once per request.
#pragma once
#include "base/error.h"
#include <boost/system/result.hpp>
#include <stdexcept>
#include <utility>

namespace base {

// A broken invariant of our own. Never used for bad input.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

template <class T = void>
using Result = boost::system::result<T, Error>;

inline Error fail(ErrorCode code, std::string detail = {}) {
  return Error{code, std::move(detail)};
}

[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw InternalError("unchecked error: " + std::string(to_string(error.code)));
}

// Aborts the current request when one of our own invariants is broken; never compiled out.
inline void check(bool condition, const char* what) {
  if (!condition) throw InternalError(what);
}

} // namespace base
