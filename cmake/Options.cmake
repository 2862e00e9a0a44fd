# One target carries what every part of lockq is compiled with.
add_library(lockq_options INTERFACE)
# uv.h needs the gnu dialect.
target_compile_features(lockq_options INTERFACE c_std_11)
target_compile_definitions(lockq_options INTERFACE _GNU_SOURCE)
target_compile_options(lockq_options INTERFACE
    -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
    -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 -fno-strict-aliasing -fno-common)
if(LOCKQ_WERROR)
    target_compile_options(lockq_options INTERFACE -Werror)
endif()
if(LOCKQ_SANITIZE)
    target_compile_options(lockq_options INTERFACE
        -fsanitize=${LOCKQ_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(lockq_options INTERFACE -fsanitize=${LOCKQ_SANITIZE})
endif()
target_include_directories(lockq_options INTERFACE
    "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/scheduler")
# Assertions stay on in every build: they guard what only our own mistake can break.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
