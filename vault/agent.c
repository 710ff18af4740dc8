#include "vault/agent.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/base64.h"

#define PATIENCE_SECONDS 5

/* agent_dir(out, err): where this user's agents listen, and nobody else can. */
static cv_status agent_dir(char out[static CV_AGENT_PATH_MAX], struct cv_err *err)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    struct stat info;
    if (base == NULL || base[0] != '/')
        return cv_fail(err, CV_ERR_IO,
                       "XDG_RUNTIME_DIR names no directory: an agent has no place to listen at");
    if (snprintf(out, CV_AGENT_PATH_MAX, "%s/casevault", base) >= CV_AGENT_PATH_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "XDG_RUNTIME_DIR: too long for a socket");
    if (mkdir(out, 0700) != 0 && errno != EEXIST)
        return cv_fail_errno(err, "%s: cannot make the directory", out);
    if (lstat(out, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 077) != 0)
        return cv_fail(err, CV_ERR_DENIED, "%s: must be a directory of yours that nobody else may enter",
                       out);
    return CV_OK;
}

cv_status cv_agent_path(struct cv_bytes file, char out[static CV_AGENT_PATH_MAX], struct cv_err *err)
{
    uint8_t hash[CV_SHA256_BYTES];
    char hex[17], dir[CV_AGENT_PATH_MAX];
    cv_status st = agent_dir(dir, err);
    if (st == CV_OK && (st = cv_sha256(file, hash)) != CV_OK)
        st = cv_err_note(err, st, "agent");
    if (st != CV_OK)
        return st;
    cv_hex_encode(CV_BYTES(hash, 8), hex);
    if (snprintf(out, CV_AGENT_PATH_MAX, "%s/%s.sock", dir, hex) >= CV_AGENT_PATH_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "XDG_RUNTIME_DIR: too long for a socket");
    return CV_OK;
}

/* open_socket(path, out): connected to an agent of our own user. */
static cv_status open_socket(const char *path, int *out, struct cv_err *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    struct ucred peer;
    socklen_t size = sizeof(peer);
    *out = -1;
    if (strlen(path) >= sizeof(at.sun_path))
        return cv_fail(err, CV_ERR_LIMIT, "agent: path too long");
    strcpy(at.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cv_fail_errno(err, "agent: no socket");
    cv_status st = CV_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
        st = cv_fail_errno(err, "agent: no time limit");
    else if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
        st = errno == ENOENT || errno == ECONNREFUSED ? CV_ERR_NOTFOUND
                                                      : cv_fail_errno(err, "agent: cannot reach it");
    else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid())
        st = cv_fail(err, CV_ERR_DENIED,
                     "agent: another user's listens in our place; nothing was asked of it");
    if (st == CV_OK)
        *out = fd;
    else
        close(fd);
    return st;
}

static bool send_all(int fd, struct cv_bytes bytes)
{
    while (bytes.n > 0) {
        const ssize_t k = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        bytes = CV_BYTES(bytes.p + k, bytes.n - (size_t)k);
    }
    return true;
}

static bool receive_all(int fd, uint8_t *at, size_t n)
{
    while (n > 0) {
        const ssize_t k = recv(fd, at, n, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        at += k;
        n -= (size_t)k;
    }
    return true;
}

/* exchange(fd, ...): one question, and its answer. */
static cv_status exchange(int fd, enum cv_agent_op op, const struct cv_bytes *fields, size_t count,
                          struct cv_secret *answer, uint8_t *said, struct cv_err *err)
{
    struct cv_buf question = { .max = CV_AGENT_MESSAGE_MAX + 16 };
    uint8_t head[5];
    *answer = (struct cv_secret){ 0 };
    cv_status st = cv_buf_u32(&question, 0);
    st = CV_THEN(st, cv_buf_append(&question, CV_BYTES(&(uint8_t){ (uint8_t)op }, 1)));
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = op == CV_AGENT_SIGN ? cv_buf_append(&question, fields[i]) : cv_buf_field(&question, fields[i]);
    if (st == CV_OK)
        cv_store_u32(question.p, (uint32_t)(question.n - 4));
    if (st == CV_OK && (!send_all(fd, cv_buf_view(&question)) || !receive_all(fd, head, sizeof(head))))
        st = cv_fail(err, CV_ERR_IO,
                     "the agent does not answer; `casevault lock` ends it, and the passphrase will do");
    cv_buf_free(&question);
    if (st != CV_OK)
        return st;
    const uint32_t n = cv_load_u32(head);
    if (n == 0 || n > 65536)
        return cv_fail(err, CV_ERR_FORMAT, "the agent's answer cannot be read");
    st = cv_secret_alloc(answer, n - 1);
    if (st == CV_OK && !receive_all(fd, answer->p, answer->n))
        st = cv_fail(err, CV_ERR_IO, "the agent broke off");
    *said = head[4];
    return st;
}

/* ask(fd, op, fields, count, answer, err): one question; the answer lies on the secure heap, to be freed.
 * Where one was not had in whole, none is asked for any more: it may still come, and would be taken for that
 * to the next question. */
static cv_status ask(int fd, enum cv_agent_op op, const struct cv_bytes *fields, size_t count,
                     struct cv_secret *answer, struct cv_err *err)
{
    uint8_t said = CV_OK;
    cv_status st = exchange(fd, op, fields, count, answer, &said, err);
    if (st != CV_OK)
        (void)shutdown(fd, SHUT_RDWR);
    st = CV_THEN(st, (cv_status)said);
    if (st != CV_OK)
        cv_secret_free(answer);
    return st;
}

/* ---- an identity that is with the agent ---- */

struct link {
    int fd;
    pthread_mutex_t lock; /* one question at a time: records are signed on every core */
};

/* ask_link(l, ...): ask, when no other thread does. */
static cv_status ask_link(struct link *l, enum cv_agent_op op, const struct cv_bytes *fields, size_t count,
                          struct cv_secret *answer)
{
    pthread_mutex_lock(&l->lock);
    cv_status st = ask(l->fd, op, fields, count, answer, NULL);
    pthread_mutex_unlock(&l->lock);
    return st;
}

static cv_status link_sign(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    struct cv_secret answer = { 0 };
    cv_status st = ask_link(arg, CV_AGENT_SIGN, &msg, 1, &answer);
    if (st == CV_OK && answer.n != CV_ED25519_SIG_BYTES)
        st = CV_ERR_FORMAT;
    if (st == CV_OK)
        memcpy(sig, answer.p, answer.n);
    cv_secret_free(&answer);
    return st;
}

static cv_status link_unseal(void *arg, struct cv_bytes info, struct cv_bytes sealed, struct cv_secret *out)
{
    const struct cv_bytes fields[] = { info, sealed };
    return ask_link(arg, CV_AGENT_UNSEAL, fields, 2, out);
}

static cv_status link_derive(void *arg, struct cv_bytes salt, struct cv_bytes info, struct cv_secret *out)
{
    const struct cv_bytes fields[] = { salt, info };
    return ask_link(arg, CV_AGENT_DERIVE, fields, 2, out);
}

static void link_close(void *arg)
{
    struct link *l = arg;
    close(l->fd);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static const struct cv_identity_agent by_agent = {
    .sign = link_sign, .unseal = link_unseal, .derive = link_derive, .close = link_close
};

bool cv_agent_seconds(const char *text, uint64_t *idle, uint64_t *most)
{
    char again[64], *end = NULL;
    *idle = strtoull(text, &end, 10);
    *most = strtoull(end, NULL, 10);
    /* Whatever strtoull lets pass besides, such as signs, is not what was written. */
    snprintf(again, sizeof(again), "%" PRIu64 " %" PRIu64, *idle, *most);
    return strcmp(again, text) == 0;
}

/* read_hello(answer, id, left): whose keys it holds, and for how long. */
static cv_status read_hello(const struct cv_secret *answer, struct cv_identity *id,
                            struct cv_agent_left *left, struct cv_err *err)
{
    const uint8_t *lf = answer->n > 0 ? memchr(answer->p, '\n', answer->n) : NULL;
    char numbers[64] = "";
    uint64_t idle = 0, most = 0;
    const size_t line = lf != NULL ? (size_t)(lf - answer->p) : 0;
    if (lf == NULL || answer->n - line - 1 >= sizeof(numbers))
        return cv_fail(err, CV_ERR_FORMAT, "the agent's answer cannot be read");
    memcpy(numbers, lf + 1, answer->n - line - 1);
    if (!cv_agent_seconds(numbers, &idle, &most))
        return cv_fail(err, CV_ERR_FORMAT, "the agent's answer cannot be read");
    if (left != NULL)
        *left = (struct cv_agent_left){ idle, most };
    return cv_member_read(CV_BYTES(answer->p, line), &id->public, err);
}

cv_status cv_agent_connect(const char *path, struct cv_identity *out, struct cv_agent_left *left,
                           struct cv_err *err)
{
    struct link *l = calloc(1, sizeof(*l));
    struct cv_secret answer = { 0 };
    memset(out, 0, sizeof(*out));
    if (l == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "agent: out of memory");
    pthread_mutex_init(&l->lock, NULL);
    cv_status st = open_socket(path, &l->fd, err);
    if (st == CV_OK) {
        out->agent = &by_agent;
        out->agent_arg = l;
        st = ask(l->fd, CV_AGENT_HELLO, NULL, 0, &answer, err);
        st = CV_THEN(st, read_hello(&answer, out, left, err));
        if (st != CV_OK)
            cv_identity_free(out);
    } else
        free(l);
    cv_secret_free(&answer);
    return st;
}

cv_status cv_agent_lock(const char *path, struct cv_err *err)
{
    struct cv_secret answer = { 0 };
    int fd = -1;
    cv_status st = open_socket(path, &fd, err);
    if (st != CV_OK)
        return st;
    st = ask(fd, CV_AGENT_LOCK, NULL, 0, &answer, err);
    cv_secret_free(&answer);
    close(fd);
    return st;
}

cv_status cv_agent_lock_all(size_t *count, struct cv_err *err)
{
    char dir[CV_AGENT_PATH_MAX], path[CV_AGENT_PATH_MAX + 256];
    *count = 0;
    cv_status st = agent_dir(dir, err);
    DIR *d = st == CV_OK ? opendir(dir) : NULL;
    if (st == CV_OK && d == NULL)
        return cv_fail_errno(err, "%s: cannot read", dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        const size_t n = strlen(e->d_name);
        if (n < 5 || strcmp(e->d_name + n - 5, ".sock") != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        /* One that does not answer keeps none of the others unlocked. */
        const cv_status one = cv_agent_lock(path, err);
        *count += one == CV_OK ? 1 : 0;
        st = one == CV_OK || one == CV_ERR_NOTFOUND ? st : one;
    }
    if (d != NULL)
        closedir(d);
    return st;
}
