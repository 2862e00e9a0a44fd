# Fails when the core's archive needs a symbol from outside that is neither memory nor string work:
# with no system call, no clock and no random source in reach, the core stays a pure function.
#
#   cmake -D NM=nm -D ARCHIVE=liblockq_core.a -P check_symbols.cmake

execute_process(COMMAND ${NM} --format=posix ${ARCHIVE}
    OUTPUT_VARIABLE listing ERROR_VARIABLE complaint RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${NM} ${ARCHIVE}: ${complaint}")
endif()

string(REGEX MATCHALL "[^\n]+" lines "${listing}")
foreach(line IN LISTS lines)
    if(line MATCHES "^([^ ]+) U")
        list(APPEND needed ${CMAKE_MATCH_1})
    elseif(line MATCHES "^([^ ]+) [A-Z]")
        list(APPEND defined ${CMAKE_MATCH_1})
    endif()
endforeach()
if(NOT defined)
    message(FATAL_ERROR "${ARCHIVE} defines nothing: this check would prove nothing")
endif()
list(REMOVE_DUPLICATES needed)
list(REMOVE_ITEM needed ${defined})

# bcmp is how clang calls a memcmp for equality. Then what compilers put in by themselves: fortified copies, the stack guard, the address table.
set(allowed "^(mem[a-z]+|bcmp|str[a-z]+|malloc|calloc|realloc|free|__assert_fail|__(mem|str)[a-z]+_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$")
list(FILTER needed EXCLUDE REGEX "${allowed}")
if(needed)
    list(JOIN needed ", " names)
    message(FATAL_ERROR "the core reaches outside itself: ${names}")
endif()
