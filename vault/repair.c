#include "vault/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/words.h"
#include "vault/backup.h"
#include "vault/event.h"
#include "vault/mending.h"
#include "vault/walk.h"

/* Repairs. What a backup has, is taken from there; nothing is put in the place of anything before the whole
 * of it was verified. */

struct repairing {
    struct cv_repaired *out;
    cv_work_fn progress;
    void *arg;
    const char *what;
    uint64_t *bad; /* entries at fault */
    size_t count, room;
    char needed[160]; /* one that nothing can hold the place of; empty: there is none */
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
    if (r->count == r->room) {
        const size_t room = 2 * r->room + 64;
        uint64_t *more = realloc(r->bad, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        r->bad = more;
        r->room = room;
    }
    r->bad[r->count++] = index;
    r->out->damaged++;
    if (r->needed[0] == '\0' && (kind == CV_KIND_POLICY || kind == CV_KIND_TEMPLATE || kind == CV_KIND_ERASE))
        snprintf(r->needed, sizeof(r->needed), _("entry %" PRIu64 " (%s): %s"), index, _(cv_kind_name(kind)),
                 _(what));
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

/* other(arg, ...): the first fault that is not just that something is gone. */
static cv_status other(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    struct repairing *r = arg;
    if (r->needed[0] == '\0' && strstr(what, "no later entry says so") == NULL)
        snprintf(r->needed, sizeof(r->needed), _("entry %" PRIu64 " (%s): %s"), index, _(cv_kind_name(kind)),
                 _(what));
    return CV_OK;
}

/* look(r, path, damage, w): all of a log, with every fault. */
static cv_status look(struct repairing *r, const char *path, cv_damage_fn damage, struct cv_walk *w,
                      struct cv_err *err)
{
    *w = (struct cv_walk){
        .damage = damage, .progress = progress, .arg = r, .torn = true, .out = &r->out->audit
    };
    cv_status st = cv_walk_run(path, w, err);
    cv_buf_free(&w->checkpoint);
    return st;
}

/* is_damaged(r, path): CV_OK if there is something to repair. */
static cv_status is_damaged(struct repairing *r, const char *path, struct cv_err *err)
{
    struct cv_walk w;
    struct cv_err why = { 0 };
    r->what = N_("Looking for damage, bytes");
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
    r->what = N_("Verifying what was mended, bytes");
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
        return cv_fail(err, st, "not all that is damaged is in this backup; nothing was changed. Left: %s",
                       why.msg);
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
        if (fchmodat(m->dir, name, n < m->last ? 0440 : 0660, 0) != 0)
            st = cv_fail_errno(err, "mending/%s: cannot set who may read it", name);
        else
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
    r.what = N_("Verifying the backup, bytes");
    if (st == CV_OK && (st = cv_backup_verify(backup, progress, &r, &there, &why)) != CV_OK)
        st = cv_fail(err, st, "the backup cannot be used, and nothing was changed: %s", why.msg);
    st = CV_THEN(st, cv_shelf_open(backup, &shelf, err));
    st = CV_THEN(st, cv_mending_fill(&m, &shelf, err));
    st = CV_THEN(st, verified(&r, &m, &shelf, err));
    st = CV_THEN(st, put(&r, &m, aside, err));
    cv_shelf_close(&shelf);
    cv_mending_close(&m);
    free(r.bad);
    return cv_err_note(err, st, path);
}

static int going_up(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* hold_places(r, m, path): what is gone gets something in its place, and all of the rest verifies. */
static cv_status hold_places(struct repairing *r, struct cv_mending *m, struct cv_err *err)
{
    struct cv_walk w;
    struct cv_err why = { 0 };
    const struct cv_audit *a = &r->out->audit;
    if (r->needed[0] != '\0')
        return cv_fail(err, CV_ERR_LOG,
                       "%s. Without it the rest cannot be judged: only a backup helps; nothing was changed",
                       r->needed);
    if (r->count > 0)
        qsort(r->bad, r->count, sizeof(*r->bad), going_up);
    cv_status st = cv_mending_fill(m, NULL, err);
    st = CV_THEN(st, cv_mending_holes(m, r->bad, r->count, err));
    st = CV_THEN(st, cv_mending_own_keys(m, err));
    if (st != CV_OK)
        return st;
    r->what = N_("Verifying what was mended, bytes");
    st = look(r, m->path, other, &w, &why);
    if (st != CV_OK && st != CV_ERR_LOG)
        return cv_fail(err, st, "%s", why.msg);
    if (a->keys_fault[0] != '\0')
        return cv_fail(err, CV_ERR_LOG, "%s: only a backup helps; nothing was changed", a->keys_fault);
    if (r->needed[0] != '\0')
        return cv_fail(err, CV_ERR_LOG, "%s: only a backup helps; nothing was changed", r->needed);
    if (a->damaged != a->unsaid || a->unsaid == 0 || a->seen_gone)
        return cv_fail(
            err, CV_ERR_LOG,
            "the end of the log is damaged or gone, and with it what you saw last: only a backup helps; "
            "nothing was changed");
    return CV_OK;
}

/* say(r, path, id, lost): the log says what it lacks. */
static cv_status say(struct repairing *r, const char *path, const struct cv_identity *id, cv_damage_fn lost,
                     struct cv_err *err)
{
    struct cv_vault *v = NULL;
    struct cv_buf data = { .max = CV_LOSS_MAX_BYTES };
    char detail[120];
    cv_status st = cv_vault_open_mending(path, id, &v, err);
    if (st != CV_OK)
        return st;
    const struct cv_missing *gone = &v->custody->chain.missing;
    for (size_t i = 0; st == CV_OK && i < gone->count; i++)
        st = lost(r->arg, gone->e[i].index, gone->e[i].kind, gone->e[i].unproved ? "unproved" : "lost");
    if (st == CV_OK) {
        snprintf(detail, sizeof(detail), "%zu entries that are gone, or can be proved no more", gone->count);
        st = cv_loss_write(gone->e, gone->count, &data);
    }
    const struct cv_event event = { .action = "repair", .detail = detail };
    st = CV_THEN(st, cv_vault_begin(v, err));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_LOSS, cv_buf_view(&data), NULL, NULL, err));
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    cv_vault_close(v);
    cv_buf_free(&data);
    return st;
}

cv_status cv_repair_without(const char *path, const struct cv_identity *id, cv_damage_fn lost,
                            cv_aside_fn aside, cv_work_fn told, void *arg, struct cv_repaired *out,
                            struct cv_err *err)
{
    struct repairing r = { .out = out, .progress = told, .arg = arg };
    struct cv_mending m = CV_MENDING_NONE;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_mending_open(path, &m, err);
    st = CV_THEN(st, is_damaged(&r, path, err));
    if (st == CV_OK && (out->audit.unsaid == 0 || out->audit.damaged != out->audit.unsaid)) {
        st = hold_places(&r, &m, err);
        st = CV_THEN(st, put(&r, &m, aside, err));
    }
    cv_mending_close(&m);
    st = CV_THEN(st, say(&r, path, id, lost, err));
    free(r.bad);
    return cv_err_note(err, st, path);
}
