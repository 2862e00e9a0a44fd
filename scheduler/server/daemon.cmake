# The libuv layer and the daemon.
add_library(lockq_io STATIC
    arguments.c backing.c committer.c config.c config_file.c door.c io.c link.c listener.c log.c migrate.c notify.c state_dir.c)
target_compile_definitions(lockq_io PRIVATE LOCKQ_VERSION="${PROJECT_VERSION}")
target_link_libraries(lockq_io PUBLIC lockq_server PkgConfig::LIBUV Threads::Threads)

add_executable(lockqd ../main.c)
target_compile_definitions(lockqd PRIVATE LOCKQ_VERSION="${PROJECT_VERSION}")
target_link_libraries(lockqd PRIVATE lockq_io)
install(TARGETS lockqd RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
