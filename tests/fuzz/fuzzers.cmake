# What reads bytes from outside, over bytes that nobody thought of: libFuzzer programs, and a replay of what they kept.
#
# corpus/NAME has inputs that once led somewhere new. Every build runs them (corpus_NAME), without a fuzzer. With
#
#     cmake -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DLOCKQ_FUZZ=ON
#
# there is also fuzz_NAME, which goes on from there; script/fuzz runs them all. As tests they make some thousand changes.
option(LOCKQ_FUZZ "Build the libFuzzer programs (clang only)" OFF)
if(LOCKQ_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "LOCKQ_FUZZ needs clang")
endif()

# Parts are compiled anew for the fuzzers, once for all of them, so that they see which branches an input takes. Only
# where bytes are compared with words they also see what is compared: it costs much, and deeper down it tells nothing.
function(fuzz_parts name how)
    foreach(part ${ARGN})
        get_target_property(files ${part} SOURCES)
        get_target_property(folder ${part} SOURCE_DIR)
        list(FILTER files EXCLUDE REGEX "TARGET_OBJECTS")
        list(TRANSFORM files PREPEND "${folder}/")
        list(APPEND sources ${files})
    endforeach()
    add_library(${name} OBJECT ${sources})
    target_link_libraries(${name} PUBLIC lockq_options PkgConfig::MSGPACKC PkgConfig::SQLITE PkgConfig::HIREDIS)
    target_compile_options(${name} PUBLIC -fsanitize=address,undefined ${how} -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=fuzzer,address,undefined)
endfunction()
if(LOCKQ_FUZZ)
    fuzz_parts(fuzzed_bytes -fsanitize=fuzzer-no-link lockq_base lockq_wire)
    fuzz_parts(fuzzed_daemon -fsanitize-coverage=inline-8bit-counters,pc-table
        lockq_base lockq_wire lockq_store lockq_core lockq_server)
endif()

# lockq_fuzzer(NAME SOURCES file... LIBRARIES target... PARTS target [FUZZED file...] [INCLUDES folder...] [DICTIONARY file] [LONGEST n])
function(lockq_fuzzer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "DICTIONARY;LONGEST;PARTS" "SOURCES;LIBRARIES;FUZZED;INCLUDES")
    set(corpus "${CMAKE_CURRENT_LIST_DIR}/corpus/${name}")

    add_executable(replay_${name} replay.c fuzz.c ${arg_SOURCES})
    target_include_directories(replay_${name} PRIVATE ${arg_INCLUDES})
    target_link_libraries(replay_${name} PRIVATE lockq_options ${arg_LIBRARIES} PkgConfig::MSGPACKC)
    add_test(NAME corpus_${name} COMMAND replay_${name} "${corpus}")
    set_tests_properties(corpus_${name} PROPERTIES LABELS fuzz)
    if(NOT LOCKQ_FUZZ)
        return()
    endif()

    add_executable(fuzz_${name} fuzz.c ${arg_SOURCES} ${arg_FUZZED})
    target_include_directories(fuzz_${name} PRIVATE ${arg_INCLUDES})
    target_link_libraries(fuzz_${name} PRIVATE ${arg_PARTS})
    # What script/fuzz starts: everything but for how long.
    set(options -max_len=${arg_LONGEST} -timeout=10 -rss_limit_mb=1024)
    if(arg_DICTIONARY)
        list(APPEND options "-dict=${CMAKE_CURRENT_LIST_DIR}/${arg_DICTIONARY}")
    endif()
    list(JOIN options " " words)
    file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${name}.options" CONTENT "${words}\n")
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} -seed=1 -runs=20000 ${options} "${corpus}")
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz)
endfunction()

lockq_fuzzer(wire_scan SOURCES wire_scan.c LIBRARIES lockq_wire lockq_base PARTS fuzzed_bytes
    DICTIONARY wire.dict LONGEST 4096)
lockq_fuzzer(wire_request SOURCES wire_request.c ../unit/judge.c INCLUDES ../unit
    LIBRARIES lockq_wire lockq_base PARTS fuzzed_bytes DICTIONARY wire.dict LONGEST 4096)
set(daemon daemon.c daemon_agree.c daemon_rows.c hear.c say.c ../simulation/fake_store.c)
lockq_fuzzer(recovery SOURCES recovery.c ${daemon} INCLUDES ../simulation LIBRARIES lockq_server
    PARTS fuzzed_daemon LONGEST 512)
lockq_fuzzer(dispatch SOURCES dispatch.c say_drawn.c ${daemon} INCLUDES ../simulation LIBRARIES lockq_server
    PARTS fuzzed_daemon LONGEST 1024)
lockq_fuzzer(config SOURCES config.c config_judge.c LIBRARIES lockq_io PARTS fuzzed_bytes
    FUZZED ../../scheduler/server/config.c ../../scheduler/server/config_file.c ../../scheduler/server/log.c ../../scheduler/store/redis_url.c
    DICTIONARY config.dict LONGEST 4096)
