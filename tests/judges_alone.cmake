# Fails when a judge calls what it judges: a checker that shares code with the daemon is blind where both err. What both
# may use is scheduler/base: memory, buffers, hashes.
#
#   cmake -D NM=nm -D ARCHIVES=a.a,b.a -D OBJECTS=x.o,y.o -P judges_alone.cmake

cmake_minimum_required(VERSION 3.25)

set(judges "/(judge[a-z_]*|snapshot|paths|rules|core_model[a-z_]*|client_answer|client_error|client_govern)\\.c\\.o$")
set(base "^(memory|buf|slice|siphash|arena|timers)_")

# The symbols of a file that are of this kind of nm's, T (defined) or U (needed).
function(symbols file kind result)
    execute_process(COMMAND ${NM} --format=posix ${file}
        OUTPUT_VARIABLE listing ERROR_VARIABLE complaint RESULT_VARIABLE code)
    if(NOT code EQUAL 0)
        message(FATAL_ERROR "${NM} ${file}: ${complaint}")
    endif()
    string(REGEX MATCHALL "[^\n]+ ${kind}" lines "${listing}")
    list(TRANSFORM lines REPLACE " ${kind}$" "")
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" archives "${ARCHIVES}")
string(REPLACE "," ";" objects "${OBJECTS}")
foreach(archive IN LISTS archives)
    symbols(${archive} T defined)
    list(APPEND daemon ${defined})
endforeach()
list(FILTER daemon EXCLUDE REGEX "${base}")
list(FILTER objects INCLUDE REGEX "${judges}")
list(LENGTH daemon n_daemon)
list(LENGTH objects n_judges)
if(n_daemon LESS 100 OR n_judges LESS 15)
    message(FATAL_ERROR "${n_judges} judges and ${n_daemon} functions of the daemon: this check would prove nothing")
endif()

foreach(object IN LISTS objects)
    symbols(${object} U needed)
    foreach(name IN LISTS needed)
        if(name IN_LIST daemon)
            message(SEND_ERROR "${object} calls ${name}, which is the daemon's")
        endif()
    endforeach()
endforeach()
message("${n_judges} judges call none of the daemon's ${n_daemon} functions")
