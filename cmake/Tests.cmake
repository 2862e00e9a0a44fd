# lockq_test(NAME SOURCES file... LIBRARIES target... [LABELS label...])
# One cmocka program that is one test of ctest. It runs in a folder of its own build directory.
function(lockq_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;LABELS")
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE lockq_options ${arg_LIBRARIES} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}")
endfunction()
