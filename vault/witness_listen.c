#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vault/witness.h"

/* Where a witness listens, and until when. */

#define QUEUE 4096 /* clients that wait until there is room for them */

static volatile sig_atomic_t told_to_end;

static void on_signal(int sig)
{
    told_to_end = sig;
}

bool cv_witness_told_to_end(void)
{
    return told_to_end != 0;
}

static void hear_signals(void)
{
    const struct sigaction act = { .sa_handler = on_signal };
    sigaction(SIGHUP, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

/* split(where, host, port): "127.0.0.1:8340", "[::1]:8340". */
static bool split(const char *where, char host[static CV_WITNESS_PLACE_BYTES], const char **port)
{
    const char *colon = strrchr(where, ':');
    const bool bracket = where[0] == '[';
    if (colon == NULL || colon == where || (bracket && colon[-1] != ']'))
        return false;
    const size_t skip = bracket ? 1 : 0, n = (size_t)(colon - where) - 2 * skip;
    if (n == 0 || n >= CV_WITNESS_PLACE_BYTES || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) > 5 || colon[1] == '\0' || strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    memcpy(host, where + skip, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

cv_status cv_witness_listen(const char *where, int *fd, char told[static CV_WITNESS_PLACE_BYTES],
                            struct cv_err *err)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *at = NULL;
    struct sockaddr_storage got = { 0 };
    socklen_t size = sizeof(got);
    char host[CV_WITNESS_PLACE_BYTES], service[8];
    const char *port = NULL;
    const int on = 1;
    *fd = -1;
    told[0] = '\0';
    if (!split(where, host, &port) || getaddrinfo(host, port, &hints, &at) != 0)
        return cv_fail(err, CV_ERR_ARG, "--listen wants a numeric address and a port, as in 127.0.0.1:8340");
    const int s = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    hear_signals();
    cv_status st = CV_OK;
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(s, at->ai_addr, at->ai_addrlen) != 0 || listen(s, QUEUE) != 0 ||
        getsockname(s, (struct sockaddr *)&got, &size) != 0)
        st = cv_fail_errno(err, "%.60s: cannot listen there", where);
    freeaddrinfo(at);
    if (st == CV_OK && getnameinfo((const struct sockaddr *)&got, size, host, sizeof(host), service,
                                   sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        st = cv_fail(err, CV_ERR_IO, "%.60s: cannot listen there", where);
    if (st == CV_OK) {
        snprintf(told, CV_WITNESS_PLACE_BYTES, got.ss_family == AF_INET6 ? "[%.50s]:%s" : "%.50s:%s", host,
                 service);
        *fd = s;
    } else if (s >= 0)
        close(s);
    return st;
}
