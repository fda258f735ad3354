// The one translation unit that holds Asio's non-template bodies.
#include <boost/asio/impl/src.hpp>
