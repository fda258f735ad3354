// Namespace and algorithm URIs of OSCI 1.2 (wire reference 2.1).
#pragma once
#include <string_view>

namespace seal::ns {

inline constexpr std::string_view soap = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr std::string_view osci = "http://www.osci.de/2002/04/osci";
inline constexpr std::string_view osci2017 = "http://xoev.de/transport/osci12/7";
inline constexpr std::string_view osci128 = "http://xoev.de/transport/osci12/8";
inline constexpr std::string_view ds = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view xenc = "http://www.w3.org/2001/04/xmlenc#";
inline constexpr std::string_view xenc11 = "http://www.w3.org/2009/xmlenc11#";
inline constexpr std::string_view xsi = "http://www.w3.org/2001/XMLSchema-instance";
inline constexpr std::string_view xml = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view xades = "http://uri.etsi.org/01903/v1.3.2#";

inline constexpr std::string_view c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
inline constexpr std::string_view base64 = "http://www.w3.org/2000/09/xmldsig#base64";
inline constexpr std::string_view actor_next = "http://schemas.xmlsoap.org/soap/actor/next";
inline constexpr std::string_view actor_none = "http://www.w3.org/2001/12/soap-envelope/actor/none";

} // namespace seal::ns
