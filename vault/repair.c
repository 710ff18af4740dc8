#include "vault/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vault/backup.h"
#include "vault/mending.h"
#include "vault/walk.h"

/* Repairs. What a backup has, is taken from there; nothing is put in the place of anything before the whole
 * of it was verified. */

struct repairing {
    struct cv_repaired *out;
    cv_work_fn progress;
    void *arg;
    const char *what;
};

static void progress(void *arg, uint64_t done, uint64_t total)
{
    const struct repairing *r = arg;
    if (r->progress != NULL)
        r->progress(r->arg, r->what, done, total);
}

static cv_status count(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    struct repairing *r = arg;
    (void)index;
    (void)kind;
    (void)what;
    r->out->damaged++;
    return CV_OK;
}

/* pass(arg, ...): told, and only the result counts. */
static cv_status pass(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    (void)arg;
    (void)index;
    (void)kind;
    (void)what;
    return CV_OK;
}

/* look(r, path, damage, w): all of a log, with every fault. */
static cv_status look(struct repairing *r, const char *path, cv_damage_fn damage, struct cv_walk *w,
                      struct cv_err *err)
{
    *w = (struct cv_walk){ .damage = damage, .progress = progress, .arg = r, .out = &r->out->audit };
    cv_status st = cv_walk_run(path, w, err);
    cv_buf_free(&w->checkpoint);
    return st;
}

/* is_damaged(r, path): CV_OK if there is something to repair. */
static cv_status is_damaged(struct repairing *r, const char *path, struct cv_err *err)
{
    struct cv_walk w;
    struct cv_err why = { 0 };
    r->what = "Looking for damage, bytes";
    cv_status st = look(r, path, count, &w, &why);
    if (st == CV_OK)
        return cv_fail(err, CV_ERR_NOTFOUND, "nothing is damaged; nothing was done");
    if (st != CV_ERR_LOG)
        return cv_fail(err, st, "%s", why.msg);
    r->out->cut = r->out->damaged == 0;
    return CV_OK;
}

/* verified(r, m, shelf): what was put together is whole, and goes on from what this user saw. */
static cv_status verified(struct repairing *r, struct cv_mending *m, const struct cv_shelf *shelf,
                          struct cv_err *err)
{
    struct cv_walk w;
    struct cv_err why = { 0 };
    r->what = "Verifying what was mended, bytes";
    cv_status st = cv_mending_own_keys(m, err);
    if (st != CV_OK)
        return st;
    st = look(r, m->path, pass, &w, &why);
    if (st == CV_ERR_LOG && r->out->audit.keys_fault[0] != '\0') {
        memset(&why, 0, sizeof(why));
        st = cv_mending_keys(m, shelf, shelf->vault, w.slots, &r->out->keys_gone, err);
        if (st != CV_OK)
            return st;
        r->out->keys = true;
        st = look(r, m->path, pass, &w, &why);
        if (r->out->keys_gone > 0 && st == CV_ERR_LOG && r->out->audit.damaged == 0)
            st = CV_OK; /* that nobody has them is told */
    }
    if (st == CV_ERR_LOG)
        return cv_fail(
            err, st, "not all that is damaged is in this backup; nothing was changed. Left: %.150s", why.msg);
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", why.msg);
}

/* put(r, m, aside): what is mended takes the place of what was damaged. */
static cv_status put(struct repairing *r, struct cv_mending *m, cv_aside_fn aside, struct cv_err *err)
{
    char was[CV_ASIDE_BYTES], name[32];
    cv_status st = CV_OK;
    if (r->out->keys) {
        st = cv_mending_replace(m, "release.keys", was, err);
        if (st == CV_OK)
            aside(r->arg, "release.keys", was);
    }
    for (uint32_t n = 1; st == CV_OK && n <= m->last; n++) {
        if (!m->changed[n])
            continue;
        snprintf(name, sizeof(name), "archive/%08u.tar", n);
        st = cv_mending_replace(m, name, was, err);
        if (st == CV_OK)
            aside(r->arg, name, was);
        r->out->segments += st == CV_OK;
    }
    return st;
}

cv_status cv_repair_from(const char *path, const char *backup, cv_aside_fn aside, cv_work_fn told, void *arg,
                         struct cv_repaired *out, struct cv_err *err)
{
    struct repairing r = { .out = out, .progress = told, .arg = arg };
    struct cv_mending m = CV_MENDING_NONE;
    struct cv_shelf shelf = CV_SHELF_NONE;
    struct cv_backed there;
    struct cv_err why = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_mending_open(path, &m, err);
    st = CV_THEN(st, is_damaged(&r, path, err));
    r.what = "Verifying the backup, bytes";
    if (st == CV_OK && (st = cv_backup_verify(backup, progress, &r, &there, &why)) != CV_OK)
        st = cv_fail(err, st, "the backup cannot be used, and nothing was changed: %.180s", why.msg);
    st = CV_THEN(st, cv_shelf_open(backup, &shelf, err));
    st = CV_THEN(st, cv_mending_fill(&m, &shelf, err));
    st = CV_THEN(st, verified(&r, &m, &shelf, err));
    st = CV_THEN(st, put(&r, &m, aside, err));
    cv_shelf_close(&shelf);
    cv_mending_close(&m);
    return cv_err_note(err, st, path);
}
