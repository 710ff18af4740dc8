#include "vault/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/reading.h"

/* First every record is looked at for what will be asked of it; then the event; then they are opened, one
 * after another, so that no more than one of them is held in the clear. */

struct exporting {
    struct cv_vault *v;
    const struct cv_export *e;
    const struct cv_version *const *list;
    size_t *wants_of; /* each record's number of wants */
    struct cv_want *wants;
    size_t count, room;
    struct cv_json *ids, *sections;
    /* the record under way */
    size_t at, from;
    struct cv_versions versions;
    struct cv_record record;
    struct reading g;
    bool spoilt; /* this record was found at fault: the rest of its keys is not looked at */
};

/* begin(x, version, names): what this record takes. */
static cv_status begin(struct exporting *x, const struct cv_version *version, struct cv_json *names,
                       struct cv_err *err)
{
    x->g = (struct reading){ .v = x->v, .r = &x->record };
    cv_status st = cv_heads_find(x->v, version->id, &x->versions, err);
    st = CV_THEN(st, reading_begin(&x->g, version, x->versions.count, err));
    return CV_THEN(st, reading_plan(&x->g, &x->versions, version, NULL, names, err));
}

static void end(struct exporting *x)
{
    if (x->g.r != NULL)
        reading_free(&x->g);
    cv_record_free(&x->record);
    cv_versions_free(&x->versions);
    x->g = (struct reading){ 0 };
}

static cv_status keep_wants(struct exporting *x)
{
    if (x->count + x->g.count > x->room) {
        const size_t room = 2 * x->room + x->g.count + 1024;
        struct cv_want *more = realloc(x->wants, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        x->wants = more;
        x->room = room;
    }
    memcpy(x->wants + x->count, x->g.wants, x->g.count * sizeof(*x->wants));
    x->count += x->g.count;
    return CV_OK;
}

/* at_fault(x, i, st, why): if faults are asked for, it is told, and the others go on. */
static cv_status at_fault(struct exporting *x, size_t i, cv_status st, const struct cv_err *why,
                          struct cv_err *err)
{
    if (st == CV_OK)
        return CV_OK;
    if (x->e->fault == NULL || (st != CV_ERR_LOG && st != CV_ERR_AUTH && st != CV_ERR_FORMAT))
        return cv_fail(err, st, "%s", why->status != CV_OK ? why->msg : cv_status_text(st));
    x->spoilt = true;
    return x->e->fault(x->e->arg, x->list[i], why->status != CV_OK ? why->msg : cv_status_text(st));
}

/* plan(x, i): what will be asked for, if anything of the record may be read. */
static cv_status plan(struct exporting *x, size_t i, struct cv_err *err)
{
    struct cv_json *names = cv_json_array();
    struct cv_err why = { 0 };
    cv_status st = names == NULL ? CV_ERR_NOMEM : begin(x, x->list[i], names, &why);
    x->spoilt = false;
    st = at_fault(x, i, st, &why, err);
    if (st == CV_OK && !x->spoilt && cv_json_len(names) > 0) {
        st = keep_wants(x);
        x->wants_of[i] = x->g.count;
        st = CV_THEN(st, cv_json_push(x->ids, cv_json_str(x->list[i]->id)));
        for (size_t k = 0; k < cv_json_len(names) && st == CV_OK; k++)
            st = cv_json_push_word(x->sections, cv_json_cstr(cv_json_at(names, k)));
    }
    end(x);
    cv_json_free(names);
    return st;
}

/* finish(x): all of the record is there: it is what its author signed, and goes out. */
static cv_status finish(struct exporting *x, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->record.source_count && st == CV_OK; i++)
        st = cv_source_verify(x->v, x->record.id, x->record.type, &x->record.sources[i], err);
    return CV_THEN(st, x->e->take(x->e->arg, &x->record));
}

static cv_status take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct exporting *x = arg;
    struct cv_err why = { 0 };
    cv_status st = CV_OK;
    if (i == x->from) {
        struct cv_json *names = cv_json_array();
        while (x->wants_of[x->at] == 0)
            x->at++;
        x->spoilt = false;
        st = names == NULL ? CV_ERR_NOMEM : begin(x, x->list[x->at], names, &why);
        if (st == CV_OK && x->g.count != x->wants_of[x->at])
            st = cv_fail(&why, CV_ERR_INTERNAL, "export: record %s is not as it was planned",
                         x->list[x->at]->id);
        cv_json_free(names);
    }
    if (!x->spoilt)
        st = CV_THEN(st, reading_take(&x->g, i - x->from, release, &why));
    const bool last = i + 1 == x->from + x->wants_of[x->at];
    if (st == CV_OK && last && !x->spoilt)
        st = finish(x, &why);
    st = at_fault(x, x->at, st, &why, err);
    if (st != CV_OK || !last)
        return st;
    end(x);
    x->from = i + 1;
    x->at++;
    return st;
}

cv_status cv_export(struct cv_vault *v, const struct cv_export *e, const struct cv_version *const *list,
                    size_t count, struct cv_err *err)
{
    struct exporting x = { .v = v,
                           .e = e,
                           .list = list,
                           .wants_of = calloc(count + 1, sizeof(*x.wants_of)),
                           .ids = cv_json_array(),
                           .sections = cv_json_array() };
    cv_status st = x.wants_of == NULL || x.ids == NULL || x.sections == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && cv_vault_policy(v)->reason_required && e->reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    if (st == CV_OK && count > CV_EXPORT_RECORDS_MAX)
        st = cv_fail(err, CV_ERR_LIMIT, "more than 200,000 records; export them type by type, with --type");
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = plan(&x, i, err);
    const struct cv_event event = { .action = e->action != NULL ? e->action : "export",
                                    .ids = x.ids,
                                    .sections = x.sections,
                                    .detail = e->detail,
                                    .reason = e->reason };
    if (st == CV_OK && x.count > 0)
        st = cv_release(v, &event, x.wants, x.count, take, &x, err);
    end(&x);
    free(x.wants_of);
    free(x.wants);
    cv_json_free(x.ids);
    cv_json_free(x.sections);
    return cv_err_note(err, st, "export");
}
