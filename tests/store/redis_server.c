#include "redis_server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"

static pid_t server;

/* Does not come back. It ends with the test. */
static void become_server(void)
{
    char socket[128], folder[128];
    int log;

    strcpy(folder, kit_path("redis"));
    strcpy(socket, kit_path("redis.sock"));
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    log = open(kit_path("redis.log"), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder,
           "--appendonly", "yes", "--appendfsync", "always", "--save", "", (char *)NULL);
    _exit(127);
}

void redis_server_start(void)
{
    assert_int_equal(server, 0);
    mkdir(kit_path("redis"), 0700);
    server = fork();
    if (server == 0)
        become_server();
    for (;;) {
        redisContext *link = redisConnectUnix(kit_path("redis.sock"));
        redisReply *reply = link->err == 0 ? redisCommand(link, "PING") : NULL;
        bool answers = reply != NULL && reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
        redisFree(link);
        if (answers)
            return;
        if (waitpid(server, NULL, WNOHANG) == server)
            fail_msg("redis-server did not start");
        poll(NULL, 0, 2);
    }
}

static void end(int signal)
{
    if (server == 0)
        return;
    kill(server, signal);
    kill(server, SIGCONT);
    waitpid(server, NULL, 0);
    server = 0;
}

void redis_server_stop(void)
{
    end(SIGTERM);
}

void redis_server_kill(void)
{
    end(SIGKILL);
}

void redis_server_signal(int signal)
{
    kill(server, signal);
}

const char *redis_server_url(void)
{
    static char url[140];
    snprintf(url, sizeof url, "unix:%s", kit_path("redis.sock"));
    return url;
}

static redisReply *ask(const char *format, va_list arguments)
{
    redisContext *link = redisConnectUnix(kit_path("redis.sock"));
    redisReply *reply = redisvCommand(link, format, arguments);

    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, reply->str);
    redisFree(link);
    return reply;
}

redisReply *redis_server_ask(const char *format, ...)
{
    va_list arguments;
    redisReply *reply;

    va_start(arguments, format);
    reply = ask(format, arguments);
    va_end(arguments);
    return reply;
}

long long redis_server_tell(const char *format, ...)
{
    va_list arguments;
    redisReply *reply;
    long long number;

    va_start(arguments, format);
    reply = ask(format, arguments);
    va_end(arguments);
    number = reply->integer;
    freeReplyObject(reply);
    return number;
}

struct store *redis_server_store(const char *instance)
{
    struct store_redis_config config = {
        .url = redis_server_url(), .prefix = "", .instance = instance, .known = ""};
    return store_redis_create(&config);
}
