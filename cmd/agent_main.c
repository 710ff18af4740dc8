#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/alloc.h"
#include "formats/json.h"
#include "vault/agent.h"

/* casevault-agent: started by `casevault unlock`, with a socket to it as descriptor 3. It gets there
 *
 *   <seconds idle> <seconds at most> LF <path of its socket> LF <the five lines of an identity>
 *
 * and says one byte back: 0 when it listens, else the status of what failed. */

#define LINK 3
#define TEXT_MAX 16384

/* read_link(out): all that `unlock` has to say. */
static cv_status read_link(struct cv_buf *out)
{
    for (;;) {
        uint8_t *at;
        const size_t start = out->n;
        cv_status st = cv_buf_extend(out, 1024, &at);
        if (st != CV_OK)
            return st;
        const ssize_t k = read(LINK, at, 1024);
        cv_buf_truncate(out, start + (k > 0 ? (size_t)k : 0));
        if (k <= 0)
            return k == 0 ? CV_OK : CV_ERR_IO;
    }
}

/* next_line(rest, out): a view up to the LF, which is passed over. */
static bool next_line(struct cv_bytes *rest, char *out, size_t room)
{
    const uint8_t *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    const size_t n = lf != NULL ? (size_t)(lf - rest->p) : 0;
    if (lf == NULL || n >= room)
        return false;
    memcpy(out, rest->p, n);
    out[n] = '\0';
    *rest = CV_BYTES(lf + 1, rest->n - n - 1);
    return true;
}

static cv_status start(struct cv_identity *id, struct cv_agent_life *life,
                       char path[static CV_AGENT_PATH_MAX], int *fd)
{
    struct cv_buf text = { .max = TEXT_MAX, .secret = true };
    char numbers[64];
    uint64_t idle = 0, most = 0;
    cv_status st = read_link(&text);
    struct cv_bytes rest = cv_buf_view(&text);
    if (st == CV_OK &&
        (!next_line(&rest, numbers, sizeof(numbers)) || !cv_agent_seconds(numbers, &idle, &most) ||
         !next_line(&rest, path, CV_AGENT_PATH_MAX)))
        st = CV_ERR_FORMAT;
    *life = (struct cv_agent_life){ idle, most };
    st = CV_THEN(st, cv_identity_read(rest, id, NULL));
    st = CV_THEN(st, cv_agent_listen(path, fd, NULL));
    cv_buf_free(&text);
    return st;
}

/* stand_alone(): no terminal, no directory, nothing of the command that started us. */
static void stand_alone(void)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsid();
    if (chdir("/") != 0 || null < 0)
        return;
    for (int fd = 0; fd < 3; fd++)
        if (dup2(null, fd) < 0)
            return;
    close(null);
}

int main(void)
{
    const struct rlimit none = { 0, 0 };
    struct cv_identity id = { 0 };
    struct cv_agent_life life = { 0 };
    char path[CV_AGENT_PATH_MAX];
    int fd = -1;
    cv_alloc_last_words(NULL); /* nobody listens */
    closefrom(LINK + 1);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        cv_secret_heap_init() == CV_ERR_INTERNAL)
        return EXIT_FAILURE;
    cv_json_init();
    cv_status st = start(&id, &life, path, &fd);
    const uint8_t said = (uint8_t)st;
    if (st == CV_OK)
        st = write(LINK, &said, 1) == 1 ? CV_OK : CV_ERR_IO;
    else
        (void)!write(LINK, &said, 1); /* whoever does not hear it sees that we end */
    close(LINK);
    if (st == CV_OK) {
        stand_alone();
        st = cv_agent_serve(fd, &id, &life);
    }
    if (fd >= 0)
        unlink(path);
    cv_identity_free(&id);
    return st == CV_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
