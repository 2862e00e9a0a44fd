# The wire's fuzzers: libFuzzer programs over the scanner and the request parser.
#
#     cmake -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DLOCKQ_FUZZ=ON
#     cmake --build build/fuzz --target fuzz_wire_request
#     cd build/fuzz/tests/fuzz
#     ./fuzz_wire_request -dict=corpus/wire.dict corpus/wire_request
#
# As tests they run over the seeds and some thousand changes of them.
option(LOCKQ_FUZZ "Build the libFuzzer programs (clang only)" OFF)
if(NOT LOCKQ_FUZZ)
    return()
endif()
if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "LOCKQ_FUZZ needs clang")
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(corpus "${CMAKE_CURRENT_BINARY_DIR}/corpus")
add_custom_command(OUTPUT "${corpus}/wire.dict"
    COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/wire_corpus.py" "${corpus}"
    DEPENDS "${CMAKE_CURRENT_LIST_DIR}/wire_corpus.py")
add_custom_target(fuzz_wire_corpus ALL DEPENDS "${corpus}/wire.dict")

# The parts are compiled anew, so that the fuzzer sees which of their branches an input takes.
set(sources)
foreach(part lockq_base lockq_wire)
    get_target_property(files ${part} SOURCES)
    get_target_property(folder ${part} SOURCE_DIR)
    list(TRANSFORM files PREPEND "${folder}/")
    list(APPEND sources ${files})
endforeach()

foreach(name wire_scan wire_request)
    add_executable(fuzz_${name} "${CMAKE_CURRENT_LIST_DIR}/${name}.c" ${sources})
    target_link_libraries(fuzz_${name} PRIVATE lockq_options PkgConfig::MSGPACKC)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined
        -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
    add_dependencies(fuzz_${name} fuzz_wire_corpus)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} -seed=1 -runs=20000
        "-dict=${corpus}/wire.dict" "${corpus}/${name}")
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz)
endforeach()
target_sources(fuzz_wire_request PRIVATE "${CMAKE_CURRENT_LIST_DIR}/../unit/judge.c")
target_include_directories(fuzz_wire_request PRIVATE "${CMAKE_CURRENT_LIST_DIR}/../unit")
