# The daemon under load, and the two baselines that its figures are compared with.
add_executable(lockq-bench-load load.c load_message.c)
target_link_libraries(lockq-bench-load PRIVATE lockq_options lockq_wire lockq_core PkgConfig::MSGPACKC)

add_executable(lockq-bench-echo baseline.c baseline_echo.c)
target_link_libraries(lockq-bench-echo PRIVATE lockq_options PkgConfig::LIBUV)

add_executable(lockq-bench-commit baseline.c baseline_commit.c)
target_link_libraries(lockq-bench-commit PRIVATE lockq_options PkgConfig::LIBUV PkgConfig::SQLITE)

# That everything starts and answers; no time is judged.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME daemon_bench_runs
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/daemon.py ${PROJECT_BINARY_DIR}
        --quick --rounds 1 --seconds 0.05)
set_tests_properties(daemon_bench_runs PROPERTIES LABELS bench)
