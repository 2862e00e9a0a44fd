/*
 * The core alone, as a table: see core_bench.h, and --help.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_bench.h"

uint32_t bench_size(const struct bench *bench, uint32_t n)
{
    return !bench->smoke ? n : n > 1000 ? 1000 : n;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct figure *bench_add(struct bench *bench, const char *name, double *ns, uint32_t n_keys)
{
    struct figure *figure = &bench->figures[bench->n++];
    qsort(ns, bench->rounds, sizeof *ns, by_size);
    *figure = (struct figure){.ns = ns[bench->rounds / 2], .n_keys = n_keys};
    snprintf(figure->name, sizeof figure->name, "%s", name);
    return figure;
}

static void print_table(const struct bench *bench)
{
    printf("%-36s %12s %12s %8s\n", "core, one thread", "ns", "ns a key", "ratio");
    for (uint32_t i = 0; i < bench->n; i++) {
        const struct figure *figure = &bench->figures[i];
        printf("%-36s %12.0f", figure->name, figure->ns);
        if (figure->n_keys > 0)
            printf(" %12.1f", figure->ns / figure->n_keys);
        else
            printf(" %12s", "");
        if (figure->ratio > 0)
            printf(" %8.2f", figure->ratio);
        putchar('\n');
    }
}

static void print_json(const struct bench *bench)
{
    putchar('[');
    for (uint32_t i = 0; i < bench->n; i++) {
        const struct figure *figure = &bench->figures[i];
        printf("%s{\"name\": \"%s\", \"ns\": %.1f", i > 0 ? ", " : "", figure->name, figure->ns);
        if (figure->n_keys > 0)
            printf(", \"keys\": %u, \"ns_a_key\": %.2f", figure->n_keys,
                   figure->ns / figure->n_keys);
        if (figure->ratio > 0)
            printf(", \"ratio\": %.3f", figure->ratio);
        putchar('}');
    }
    puts("]");
}

static const char usage[] = "usage: core_bench [--rounds N] [--json] [--smoke]\n"
                            "  --rounds N   medians of so many (9)\n"
                            "  --json       the figures in one line\n"
                            "  --smoke      little sizes, one round: whether it runs\n";

int main(int argc, char **argv)
{
    static struct bench bench = {.rounds = 9};
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--smoke") == 0) {
            bench.smoke = true;
            bench.rounds = 1;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0)
            bench.rounds = (uint32_t)atoi(argv[++i]);
        else {
            bool asked = strcmp(argv[i], "--help") == 0;
            fputs(usage, asked ? stdout : stderr);
            return asked ? 0 : 64;
        }
    }
    bench_pairs(&bench);
    bench_hot_key(&bench);
    bench_crowds(&bench);
    bench_beside(&bench);
    if (json)
        print_json(&bench);
    else
        print_table(&bench);
    return 0;
}
