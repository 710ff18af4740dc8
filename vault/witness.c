#include "vault/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/checkpoint.h"
#include "vault/memory.h"
#include "vault/regular.h"

#define TITLE "casevault witness state v1\n"
#define STATE_MAX 512
#define NAME_BYTES 80
#define DIR_DEPTH 3 /* directories that cv_user_dir may have made, at the most */

/* ---- what was cosigned last ---- */

/* Open while a request is judged; its lock keeps others who use this key from judging at the same time. */
struct state {
    int dir;
    char name[NAME_BYTES];
    bool known; /* something was cosigned */
    uint64_t size;
    struct cv_hash root;
};

static cv_status half_name(const char *text, char out[static 33])
{
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = cv_sha256(cv_bytes_str(text), hash);
    cv_hex_encode(CV_BYTES(hash, 16), out);
    return st;
}

static cv_status state_read(struct state *s, const char *origin, struct cv_err *err)
{
    char text[STATE_MAX + 1] = "";
    struct cv_checkpoint c;
    const size_t skip = sizeof(TITLE) - 1;
    const int fd = cv_open_regular(s->dir, s->name, O_RDONLY, 0);
    if (fd < 0)
        return errno == ENOENT ? CV_OK : cv_fail_errno(err, "%s: cannot open", s->name);
    const ssize_t n = read(fd, text, STATE_MAX);
    const int e = errno;
    close(fd);
    errno = e;
    if (n < 0)
        return cv_fail_errno(err, "%s: cannot read", s->name);
    if ((size_t)n <= skip || memcmp(text, TITLE, skip) != 0 ||
        cv_checkpoint_parse(CV_BYTES(text + skip, (size_t)n - skip), &c, NULL) != CV_OK ||
        strcmp(c.origin, origin) != 0)
        return cv_fail(err, CV_ERR_FORMAT,
                       "%s: damaged; it holds what this witness last cosigned of the log. Nothing is "
                       "cosigned until it is put right from what the log holds",
                       s->name);
    s->known = true;
    s->size = c.size;
    s->root = c.root;
    return CV_OK;
}

static cv_status state_open(const char *key, const char *origin, struct state *s, struct cv_err *err)
{
    char path[4096], of_key[33], of_origin[33];
    *s = (struct state){ .dir = -1 };
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, path, err);
    st = CV_THEN(st, half_name(key, of_key));
    st = CV_THEN(st, half_name(origin, of_origin));
    if (st != CV_OK)
        return cv_err_note(err, st, "witness state");
    snprintf(s->name, sizeof(s->name), "witness-%s-%s", of_key, of_origin);
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0 || flock(s->dir, LOCK_EX) != 0)
        return cv_fail_errno(err, "%.200s: cannot use it", path);
    return state_read(s, origin, err);
}

static void state_close(struct state *s)
{
    if (s->dir >= 0)
        close(s->dir);
    s->dir = -1;
}

/* sync_dirs(dir, above): the directory; and, for its first file, those above it, which may have been made
 * with it. One that we may not even look into was not. */
static bool sync_dirs(int dir, bool above)
{
    bool good = fsync(dir) == 0;
    int at = dir;
    for (int i = 0; i < DIR_DEPTH && good && above && at >= 0; i++) {
        const int up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        good = up >= 0 ? fsync(up) == 0 : errno == EACCES;
        if (at != dir)
            close(at);
        at = up;
    }
    if (at != dir && at >= 0)
        close(at);
    return good;
}

/* state_keep(s, c): durably, by a new file in place of the old one: a cut leaves the one or the other. */
static cv_status state_keep(struct state *s, const struct cv_checkpoint *c, struct cv_err *err)
{
    struct cv_buf text = { .max = STATE_MAX };
    char made[NAME_BYTES + 8];
    snprintf(made, sizeof(made), "%s.new", s->name); /* nobody else writes it: the lock is held */
    cv_status st = cv_buf_str(&text, TITLE);
    st = CV_THEN(st, cv_checkpoint_text(c, &text));
    if (st == CV_OK) {
        const int fd = cv_open_regular(s->dir, made, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const bool good = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0 &&
                          renameat(s->dir, made, s->dir, s->name) == 0 && sync_dirs(s->dir, !s->known);
        if (!good)
            st = cv_fail_errno(err, "%s: cannot keep what is to be cosigned, so it is not", s->name);
        if (fd >= 0)
            close(fd);
    }
    cv_buf_free(&text);
    return cv_err_note(err, st, "witness state");
}

/* ---- judging ---- */

/* refuse(out, code, fmt): what is wrong, in a sentence. */
__attribute__((format(printf, 3, 4))) static void refuse(struct cv_witness_answer *out, unsigned code,
                                                         const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    out->code = code;
    (void)!cv_fail(&out->why, CV_ERR_DENIED, "%s", text);
}

/* known(logs, r, out): the origin is that of a log it knows, and one of its keys has signed. */
static bool known(const struct cv_note_key *logs, size_t count, const struct cv_witness_request *r,
                  struct cv_witness_answer *out)
{
    bool any = false, good = false, bad = false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(logs[i].name, r->origin) != 0)
            continue;
        const cv_status st = cv_note_verify(&r->note, logs[i].name, logs[i].public);
        any = true;
        good = good || st == CV_OK;
        bad = bad || (st != CV_OK && st != CV_ERR_NOTFOUND);
    }
    if (!any)
        refuse(out, 404, "this witness does not know that log");
    else if (bad || !good)
        refuse(out, 403, "the checkpoint bears no good signature of a key known for its log");
    return any && good && !bad;
}

/* consistent(s, r): what is asked for has grown out of what was cosigned. */
static cv_status consistent(const struct state *s, const struct cv_witness_request *r,
                            const struct cv_hash *root)
{
    const struct cv_merkle_edge nothing = { 0 };
    struct cv_hash empty;
    cv_status st = cv_merkle_root(&nothing, &empty);
    if (st == CV_OK && r->size == 0 && memcmp(root->b, empty.b, sizeof(empty.b)) != 0)
        return CV_ERR_AUTH;
    if (st != CV_OK || r->old == 0)
        return r->proof.n == 0 ? st : CV_ERR_AUTH;
    if (r->old == r->size)
        return r->proof.n == 0 && memcmp(root->b, s->root.b, sizeof(root->b)) == 0 ? CV_OK : CV_ERR_AUTH;
    return cv_merkle_verify_consistency(r->old, &s->root, r->size, root, cv_buf_view(&r->proof));
}

/* judge(w, r, s, now, out): with the state in hand. */
static void judge(const struct cv_witness *w, const struct cv_witness_request *r, struct state *s,
                  uint64_t now, struct cv_witness_answer *out)
{
    struct cv_checkpoint c = { .size = r->size };
    const struct cv_note_signer signer = { w->public.name, w->public.public, cv_sign_key, w->key };
    memcpy(c.origin, r->origin, sizeof(c.origin));
    memcpy(c.root.b, r->root, sizeof(c.root.b));
    if (r->old != s->size) {
        out->size = s->size;
        refuse(out, 409, "the checkpoint last cosigned has the size %" PRIu64 ", not %" PRIu64, s->size,
               r->old);
        return;
    }
    const cv_status proved = consistent(s, r, &c.root);
    if (proved == CV_ERR_AUTH || proved == CV_ERR_FORMAT) {
        refuse(out, 422, "it is not proved that the log has only grown since size %" PRIu64, s->size);
        return;
    }
    /* Signed first, so that nothing can fail between keeping and telling; told last. */
    cv_status st = proved;
    st = CV_THEN(st, cv_cosignature_sign(r->note.text, &signer, now, &out->line, &out->why));
    st = CV_THEN(st, state_keep(s, &c, &out->why));
    if (st == CV_OK)
        out->code = 200;
    else
        cv_buf_free(&out->line);
}

void cv_witness_answer(const struct cv_witness *w, const struct cv_note_key *logs, size_t count,
                       struct cv_bytes packed, uint64_t now, struct cv_witness_answer *out)
{
    struct cv_witness_request r;
    struct state s = { .dir = -1 };
    *out = (struct cv_witness_answer){ .code = 500 };
    if (cv_witness_request_unpack(packed, &r) != CV_OK) {
        (void)!cv_fail(&out->why, CV_ERR_INTERNAL, "who read the request tells nonsense of it");
        return;
    }
    memcpy(out->origin, r.origin, sizeof(out->origin));
    out->asked = r.size;
    if (!known(logs, count, &r, out)) {
        cv_witness_request_free(&r);
        return;
    }
    if (r.old > r.size)
        refuse(out, 400, "the old size is greater than the checkpoint's");
    else if (state_open(w->public.name, r.origin, &s, &out->why) == CV_OK)
        judge(w, &r, &s, now, out);
    state_close(&s);
    cv_witness_request_free(&r);
}

void cv_witness_answer_free(struct cv_witness_answer *a)
{
    cv_buf_free(&a->line);
    *a = (struct cv_witness_answer){ 0 };
}
