/*
 * The first baseline: a bare libuv server that sends back what it gets. What a request costs
 * before anything is done for it.
 *
 *     lockq-bench-echo unix:/path|tcp:127.0.0.1:port
 */
#include "baseline.h"

int main(int argc, char **argv)
{
    return argc == 2 ? baseline_serve(argv[1], baseline_answer) : 64;
}
