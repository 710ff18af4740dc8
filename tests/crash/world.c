#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/audit.h"
#include "vault/glance.h"
#include "vault/package.h"

#define RECORDS_MAX 40
#define MAYBE_MAX 6

/* What is there, or should be. */
struct content {
    struct {
        char id[CV_ID_TEXT_BYTES];
        char name[32];
    } r[RECORDS_MAX];
    size_t count, policies, packages;
};

static const char *vault_path(const struct world *w)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/vault", w->root);
    return path;
}

void world_new(struct world *w, const char *root)
{
    char path[256];
    memset(w, 0, sizeof(*w));
    snprintf(w->root, sizeof(w->root), "%s", root);
    snprintf(path, sizeof(path), "%s/cache", root);
    setenv("XDG_CACHE_HOME", path, 1);
    snprintf(path, sizeof(path), "%s/state", root);
    setenv("XDG_STATE_HOME", path, 1);
    if (cv_identity_new(true, &w->founder, NULL) != CV_OK || cv_identity_new(true, &w->intake, NULL) != CV_OK)
        die("no identity");
}

void world_free(struct world *w)
{
    world_close(w);
    cv_identity_free(&w->founder);
    cv_identity_free(&w->intake);
}

void world_small(struct cv_vault *v)
{
    v->custody->segment_bytes = SMALL_SEGMENT;
    v->custody->release.block = SMALL_BLOCK;
}

void world_close(struct world *w)
{
    cv_vault_close(w->v);
    w->v = NULL;
    w->as = NULL;
}

cv_status world_do(struct world *w, const struct act *a, struct tape *t, struct cv_err *err)
{
    const struct cv_identity *who = a->who != NULL ? a->who(w) : NULL;
    struct promise *p = &w->p[w->count++];
    cv_status st = CV_OK;
    *p = (struct promise){ .act = a->name };
    *err = (struct cv_err){ 0 };
    if (a->opens || who != w->as)
        world_close(w);
    p->from = t->count;
    if (who != NULL && w->v == NULL) {
        st = cv_vault_open(vault_path(w), NULL, who, &w->v, err);
        w->as = st == CV_OK ? who : NULL;
        if (st == CV_OK)
            world_small(w->v);
    }
    st = CV_THEN(st, a->run(w, p, err));
    p->to = st == CV_OK ? t->count : 0;
    return st;
}

/* ---- what should be there ---- */

static size_t place_of(const struct content *c, const char *id)
{
    size_t i = 0;
    while (i < c->count && strcmp(c->r[i].id, id) != 0)
        i++;
    return i;
}

static void keep(struct content *c, const struct promise *p)
{
    c->policies += p->policy;
    c->packages += p->package;
    for (size_t i = 0; i < p->said_count; i++) {
        const struct said *s = &p->said[i];
        const size_t at = place_of(c, s->id);
        if (s->erased && at < c->count)
            c->r[at] = c->r[--c->count];
        if (s->erased)
            continue;
        if (at == RECORDS_MAX)
            die("too many records");
        c->count += at == c->count ? 1 : 0;
        snprintf(c->r[at].id, sizeof(c->r[at].id), "%s", s->id);
        snprintf(c->r[at].name, sizeof(c->r[at].name), "%s", s->name != NULL ? s->name : "");
    }
}

/* differs(want, have, why): in words; false: it is the same. */
static bool differs(const struct content *want, const struct content *have, char why[static 400])
{
    for (size_t i = 0; i < want->count; i++) {
        const size_t at = place_of(have, want->r[i].id);
        if (at == have->count || strcmp(want->r[i].name, have->r[at].name) != 0) {
            snprintf(why, 400, "record %s (%s) %s %s", want->r[i].id, want->r[i].name,
                     at == have->count ? "is not there" : "says", at == have->count ? "" : have->r[at].name);
            return true;
        }
    }
    if (want->count == have->count && want->policies == have->policies && want->packages == have->packages)
        return false;
    snprintf(why, 400, "%zu records, policy %zu, %zu packages, where %zu, %zu, %zu were promised",
             have->count, have->policies, have->packages, want->count, want->policies, want->packages);
    return true;
}

/* kept(w, n, have, why): what was acknowledged, and of what was not, each all or nothing. */
static bool kept(const struct world *w, size_t n, const struct content *have, char why[static 400])
{
    size_t maybe[MAYBE_MAX], count = 0;
    for (size_t i = 0; i < w->count; i++)
        if (w->p[i].from < n && (w->p[i].to == 0 || w->p[i].to > n)) {
            if (count == MAYBE_MAX)
                die("too many acts failed");
            maybe[count++] = i;
        }
    for (size_t set = 0; set < (size_t)1 << count; set++) {
        struct content want = { 0 };
        for (size_t i = 0; i < w->count; i++) {
            bool there = w->p[i].to != 0 && w->p[i].to <= n;
            for (size_t k = 0; k < count; k++)
                there = there || (maybe[k] == i && (set >> k & 1) != 0);
            if (there)
                keep(&want, &w->p[i]);
        }
        if (!differs(&want, have, why))
            return true;
    }
    return false;
}

/* ---- what is there ---- */

static const char *identity_of(void *arg, const struct cv_version *of)
{
    (void)arg;
    return strcmp(of->type, "person") == 0 ? "identity" : NULL;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct content *c = arg;
    const char *name = cv_json_get_str(data, "first_name");
    const size_t at = place_of(c, of->id);
    if (at < c->count)
        snprintf(c->r[at].name, sizeof(c->r[at].name), "%s", name != NULL ? name : "");
    return CV_OK;
}

static cv_status look(struct cv_vault *v, struct content *c, struct cv_err *err)
{
    struct cv_versions list = { 0 };
    struct cv_latest latest = { 0 };
    struct cv_dispatches sent = { 0 };
    *c = (struct content){ .policies = cv_vault_policy(v)->number };
    cv_status st = cv_record_versions(v, NULL, &list, err);
    st = CV_THEN(st, cv_versions_latest(&list, NULL, &latest));
    for (; st == CV_OK && c->count < latest.count && c->count < RECORDS_MAX; c->count++)
        snprintf(c->r[c->count].id, sizeof(c->r[0].id), "%s", latest.v[c->count]->id);
    const struct cv_glance g = { .action = "list", .section = identity_of, .take = take, .arg = c };
    st = CV_THEN(st, latest.count > 0 ? cv_glance(v, &g, latest.v, latest.count, err) : CV_OK);
    st = CV_THEN(st, cv_dispatches(v, NULL, &sent, err));
    for (size_t i = 0; i < sent.count; i++)
        c->packages += sent.d[i].sent != NULL;
    cv_dispatches_free(&sent);
    cv_latest_free(&latest);
    cv_versions_free(&list);
    return st;
}

static cv_status put_one(struct cv_vault *v, struct cv_err *err)
{
    struct cv_json *record = NULL;
    struct cv_stored out;
    cv_status st = cv_json_parse(CV_LIT("{\"type\":\"person\",\"identity\":{\"first_name\":\"After\"}}"),
                                 1000, "test", &record, err);
    st = CV_THEN(st, cv_record_add(v, record, NULL, &out, err));
    cv_json_free(record);
    return st;
}

/* after(w, was): it can be written to, and all of it verifies then, from a process that was not there. */
static bool after(struct world *w, struct cv_vault *v, const struct content *was, char why[static 400])
{
    struct cv_err err = { 0 };
    struct content now = { 0 };
    struct cv_audit audit;
    cv_status st = put_one(v, &err);
    cv_vault_close(v);
    v = NULL;
    if (st != CV_OK) {
        snprintf(why, 400, "nothing can be stored: %.300s", err.msg);
        return false;
    }
    st = cv_audit_verify(vault_path(w), NULL, NULL, NULL, NULL, &audit, &err);
    if (st != CV_OK) {
        snprintf(why, 400, "it does not verify: %.300s", err.msg);
        return false;
    }
    st = cv_vault_open(vault_path(w), NULL, &w->founder, &v, &err);
    st = CV_THEN(st, look(v, &now, &err));
    cv_vault_close(v);
    if (st != CV_OK || now.count != was->count + 1) {
        snprintf(why, 400, "opened again: %zu records after %zu and one: %.200s", now.count, was->count,
                 err.msg);
        return false;
    }
    return true;
}

/* remembered(w, n, why): who imported rows knows them again. */
static bool remembered(struct world *w, size_t n, char why[static 400])
{
    struct cv_vault *v = NULL;
    struct cv_err err = { 0 };
    bool all = true;
    for (size_t i = 0; i < w->count && all; i++) {
        const struct promise *p = &w->p[i];
        if (!p->imported || p->to == 0 || p->to > n)
            continue;
        if (v == NULL && cv_vault_open(vault_path(w), NULL, &w->intake, &v, &err) != CV_OK) {
            snprintf(why, 400, "who imports cannot open it: %.300s", err.msg);
            return false;
        }
        for (size_t k = 0; k < p->said_count && all; k++)
            all = world_knows(v, p->said[k].name);
        if (!all)
            snprintf(why, 400, "rows that were imported are not known again");
    }
    cv_vault_close(v);
    return all;
}

bool world_holds(struct world *w, size_t n, bool thorough, char why[static 400])
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    struct content have;
    const bool founded = w->p[0].to <= n;
    cv_status st = cv_vault_open(vault_path(w), founded ? NULL : w->print, &w->founder, &v, &err);
    if (st == CV_ERR_NOVAULT && !founded)
        return true; /* init was cut short, and says so */
    if (st != CV_OK) {
        snprintf(why, 400, "it does not open (%d): %.300s", (int)st, err.msg);
        return false;
    }
    world_small(v);
    st = look(v, &have, &err);
    if (st != CV_OK)
        snprintf(why, 400, "it cannot be looked at (%d): %.300s", (int)st, err.msg);
    if (st != CV_OK || !kept(w, n, &have, why)) {
        cv_vault_close(v);
        return false;
    }
    return after(w, v, &have, why) && (!thorough || remembered(w, n, why));
}
