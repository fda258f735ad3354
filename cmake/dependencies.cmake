# Debian 12 packages only; nothing is downloaded at build time.
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers url json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(XercesC 3.2 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL 15 REQUIRED) # libpq
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)

# For programs that pass messages on. Messages are large, short-lived blocks freed on other threads: glibc gives each back to
# the kernel and takes it anew, which was a third of what storing a megabyte cost. Sanitizers bring an allocator of their own.
add_library(dc_allocator INTERFACE)
if(NOT DC_SANITIZE)
  target_link_libraries(dc_allocator INTERFACE PkgConfig::jemalloc)
endif()

# Schemas of W3C and SOAP (package xmltooling-schemas) that our own import, see xoev-schemas/osci.
find_path(DC_W3C_SCHEMAS xenc11-schema.xsd PATHS /usr/share/xml/xmltooling NO_DEFAULT_PATH REQUIRED)
# Where dataclearingd finds the OSCI schemas unless configured. Packages set the path they install to.
set(DC_OSCI_SCHEMAS "${PROJECT_SOURCE_DIR}/xoev-schemas/osci" CACHE PATH "Folder of the OSCI schemas")
