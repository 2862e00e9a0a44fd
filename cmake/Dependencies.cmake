# pkg-config with IMPORTED_TARGET treats all libraries alike; msgpack-c has had three names.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_search_module(MSGPACKC REQUIRED IMPORTED_TARGET msgpack-c msgpackc msgpack)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
