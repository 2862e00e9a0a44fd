#include "server/arguments.h"

#include <getopt.h>
#include <stdlib.h>

void arguments_print_usage(FILE *out)
{
    fputs("usage: lockqd [-c FILE] [--listen ADDR]... [--state-dir DIR]\n"
          "              [--backend auto|sqlite|redis|memory] [--redis URL]\n"
          "              [--forget-backend] [--check] [--version]\n"
          "       lockqd [-c FILE] ... --migrate FROM TO\n"
          "\n"
          "  -c, --config FILE   read settings from FILE\n"
          "  --listen ADDR       unix:/path or tcp:host:port; may be repeated\n"
          "  --state-dir DIR     where the state is kept\n"
          "  --backend NAME      what keeps it (auto: redis if one is set, else sqlite)\n"
          "  --redis URL         redis://[user[:password]@]host[:port][/db], unix:/path[?db=N]\n"
          "  --forget-backend    start empty in another backing than before\n"
          "  --migrate FROM TO   move the state from one backing to the other, and exit\n"
          "  --check             read the configuration, say what is wrong, and exit\n"
          "  --version           print the version and exit\n",
          out);
}

bool arguments_read(int argc, char **argv, struct arguments *arguments)
{
    enum { LISTEN = 256, STATE_DIR, BACKEND, REDIS, FORGET, MIGRATE, CHECK, VERSION, HELP };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"listen", required_argument, NULL, LISTEN},
        {"state-dir", required_argument, NULL, STATE_DIR},
        {"backend", required_argument, NULL, BACKEND},
        {"redis", required_argument, NULL, REDIS},
        {"forget-backend", no_argument, NULL, FORGET},
        {"migrate", required_argument, NULL, MIGRATE},
        {"check", no_argument, NULL, CHECK},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, HELP},
        {0},
    };

    for (int option; (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            arguments->file = optarg;
            break;
        case LISTEN:
            if (arguments->n_listen == CONFIG_LISTEN_MAX)
                return false;
            arguments->listen[arguments->n_listen++] = optarg;
            break;
        case STATE_DIR:
            arguments->state_dir = optarg;
            break;
        case BACKEND:
            arguments->backend = optarg;
            break;
        case REDIS:
            arguments->redis = optarg;
            break;
        case FORGET:
            arguments->forget_backend = true;
            break;
        case MIGRATE:
            arguments->migrate_from = optarg;
            break;
        case CHECK:
            arguments->only_check = true;
            break;
        case VERSION:
            puts("lockqd " LOCKQ_VERSION);
            exit(EXIT_SUCCESS);
        case HELP:
            arguments_print_usage(stdout);
            exit(EXIT_SUCCESS);
        default:
            return false;
        }
    }
    if (arguments->migrate_from != NULL && optind < argc)
        arguments->migrate_to = argv[optind++];
    return optind == argc && (arguments->migrate_from == NULL) == (arguments->migrate_to == NULL);
}
