#include "line.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static int socket_at(const char *file, bool listens)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", kit_path(file));
    if (listens) {
        if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0)
            _exit(1);
    } else if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        _exit(1);
    }
    return fd;
}

/* Carries one connection to its end; requests and answers take turns on it. */
static void carry(struct line *line, int client, int server)
{
    static char bytes[1 << 16];
    bool is_answer = true, breaks = false;

    for (;;) {
        struct pollfd fds[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        ssize_t n, to_send;
        poll(fds, 2, -1);
        if (fds[0].revents == 0) {
            n = read(server, bytes, sizeof bytes);
            if (breaks)
                n = line->cut == CUT_IN_ANSWER ? n / 2 : 0;
            if (n <= 0 || write(client, bytes, (size_t)n) != n || breaks)
                return;
            is_answer = true;
            continue;
        }
        n = to_send = read(client, bytes, sizeof bytes);
        if (n <= 0)
            return;
        if (is_answer && line->left > 0 && --line->left == 0)
            breaks = true;
        is_answer = false;
        if (breaks && line->cut < CUT_AFTER)
            to_send = line->cut == CUT_BEFORE ? 0 : n / 2;
        if (write(server, bytes, (size_t)to_send) != to_send || to_send < n)
            return;
    }
}

pid_t line_start(struct line *line)
{
    int listener = socket_at("line.sock", true);
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        for (;;) {
            int client = accept(listener, NULL, NULL), server = socket_at("redis.sock", false);
            carry(line, client, server);
            close(client);
            close(server);
        }
    }
    close(listener);
    return child;
}

void line_stop(pid_t process)
{
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    unlink(kit_path("line.sock"));
}

struct store *line_store(void)
{
    char url[140];
    struct store_redis_config config = {.url = url, .prefix = "", .instance = "one", .known = ""};

    snprintf(url, sizeof url, "unix:%s", kit_path("line.sock"));
    return store_redis_create(&config);
}
