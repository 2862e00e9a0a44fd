# The daemon under load, and the two baselines that its figures are compared with.
add_executable(lockq-bench-load load.c)
target_link_libraries(lockq-bench-load PRIVATE lockq_options lockq_wire lockq_core PkgConfig::MSGPACKC)

add_executable(lockq-bench-echo baseline_echo.c)
target_link_libraries(lockq-bench-echo PRIVATE lockq_options PkgConfig::LIBUV)

add_executable(lockq-bench-commit baseline_commit.c)
target_link_libraries(lockq-bench-commit PRIVATE lockq_options PkgConfig::LIBUV PkgConfig::SQLITE)
