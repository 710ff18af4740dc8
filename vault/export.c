#include "vault/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vault/reading.h"

/* First every record is looked at for what will be asked of it; then the event; then they are looked at
 * again and opened, one after another, so that no more than one of them is held, in the clear or not. */

struct exporting {
    struct cv_vault *v;
    const struct cv_export *e;
    const struct cv_head_walk *walk;
    size_t from, to;    /* those that one event names */
    uint16_t *wants_of; /* each of these records' number of wants */
    bool any;
    struct cv_buf ids;
    struct cv_json *sections;
    /* the record under way */
    size_t at, asked;
    struct cv_version version;
    struct cv_versions versions;
    struct cv_record record;
    struct reading g;
    bool spoilt; /* it was found at fault: nothing more of it is looked at */
};

/* begin(x, i, names): what this record takes; CV_ERR_NOTFOUND: it is none any more. */
static cv_status begin(struct exporting *x, size_t i, struct cv_json *names, struct cv_err *err)
{
    x->g = (struct reading){ .v = x->v, .r = &x->record };
    cv_status st = cv_head_walk_at(x->v, x->walk, i, &x->version, err);
    st = CV_THEN(st, cv_heads_find(x->v, x->version.id, &x->versions, err));
    st = CV_THEN(st, reading_begin(&x->g, &x->version, x->versions.count, err));
    return CV_THEN(st, reading_plan(&x->g, &x->versions, &x->version, NULL, names, err));
}

static void end(struct exporting *x)
{
    if (x->g.r != NULL)
        reading_free(&x->g);
    cv_record_free(&x->record);
    cv_versions_free(&x->versions);
    cv_version_free(&x->version);
    x->g = (struct reading){ 0 };
}

/* name(x, names): in the event. */
static cv_status name(struct exporting *x, const struct cv_json *names, struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(x->version.id), id, err);
    st = CV_THEN(st, cv_buf_append(&x->ids, CV_ARR(id)));
    for (size_t k = 0; k < cv_json_len(names) && st == CV_OK; k++)
        st = cv_json_push_word(x->sections, cv_json_cstr(cv_json_at(names, k)));
    return st;
}

/* at_fault(x, st, why): if faults are asked for, it is told of this record, and the others go on. */
static cv_status at_fault(struct exporting *x, cv_status st, const struct cv_err *why, struct cv_err *err)
{
    const bool fault = st == CV_ERR_LOG || st == CV_ERR_AUTH || st == CV_ERR_FORMAT;
    if (st == CV_OK)
        return CV_OK;
    if (x->e->fault == NULL || !fault || x->version.id[0] == '\0')
        return why->status != CV_OK ? cv_fail(err, st, "%s", why->msg) : st;
    x->spoilt = true;
    return x->e->fault(x->e->arg, &x->version, why->status != CV_OK ? why->msg : cv_status_text(st));
}

/* plan(x, i): what will be asked for, if anything of the record may be read. */
static cv_status plan(struct exporting *x, size_t i, struct cv_err *err)
{
    struct cv_json *names = cv_json_array();
    struct cv_err why = { 0 };
    cv_status st = names == NULL ? CV_ERR_NOMEM : begin(x, i, names, &why);
    x->spoilt = false;
    if (st == CV_OK && x->g.count > UINT16_MAX)
        st = cv_fail(&why, CV_ERR_LIMIT, "export: record %s has too many parts", x->version.id);
    if (st != CV_ERR_NOTFOUND)
        st = at_fault(x, st, &why, err);
    if (st == CV_OK && !x->spoilt && cv_json_len(names) > 0) {
        x->wants_of[i - x->from] = (uint16_t)x->g.count;
        x->any = true;
        st = name(x, names, err);
    }
    end(x);
    cv_json_free(names);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* finish(x): all of the record is there: it is what its author signed, and goes out. */
static cv_status finish(struct exporting *x, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->record.source_count && st == CV_OK; i++)
        st = cv_source_verify(x->v, x->record.id, x->record.type, &x->record.sources[i], err);
    return CV_THEN(st, x->e->take(x->e->arg, &x->record));
}

/* begin_planned(x): the record at x->at is still what was planned, or at fault. */
static cv_status begin_planned(struct exporting *x, struct cv_err *err)
{
    struct cv_json *names = cv_json_array();
    struct cv_err why = { 0 };
    cv_status st = names == NULL ? CV_ERR_NOMEM : begin(x, x->at, names, &why);
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && x->g.count != x->wants_of[x->at - x->from]))
        st = cv_fail(&why, CV_ERR_INTERNAL, "export: record %s is not as it was planned", x->version.id);
    x->asked = 0;
    x->spoilt = false;
    cv_json_free(names);
    return at_fault(x, st, &why, err);
}

/* begin_next(x): the next record of which something is asked for; CV_ERR_NOTFOUND behind the last. */
static cv_status begin_next(struct exporting *x, struct cv_err *err)
{
    for (; x->at < x->to; x->at++) {
        if (x->wants_of[x->at - x->from] == 0)
            continue;
        cv_status st = begin_planned(x, err);
        if (st != CV_OK || !x->spoilt)
            return st;
        end(x);
    }
    return CV_ERR_NOTFOUND;
}

static cv_status next(void *arg, struct cv_want *out, struct cv_err *err)
{
    struct exporting *x = arg;
    cv_status st = x->g.r == NULL ? begin_next(x, err) : CV_OK;
    if (st == CV_OK)
        *out = x->g.wants[x->asked++];
    return st;
}

static cv_status take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct exporting *x = arg;
    struct cv_err why = { 0 };
    (void)i;
    cv_status st = reading_take(&x->g, x->asked - 1, release, &why);
    if (st == CV_OK && x->asked == x->g.count)
        st = finish(x, &why);
    st = at_fault(x, st, &why, err);
    if (st != CV_OK || (x->asked < x->g.count && !x->spoilt))
        return st;
    end(x);
    x->at++;
    return st;
}

/* export_some(x): those from x->from to x->to. */
static cv_status export_some(struct exporting *x, struct cv_err *err)
{
    x->wants_of = calloc(x->to - x->from + 1, sizeof(*x->wants_of));
    x->sections = cv_json_array();
    x->at = x->from;
    x->any = false;
    cv_buf_truncate(&x->ids, 0);
    cv_status st = x->wants_of == NULL || x->sections == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = x->from; i < x->to && st == CV_OK; i++)
        st = plan(x, i, err);
    const struct cv_event event = { .action = x->e->action != NULL ? x->e->action : "export",
                                    .named = cv_buf_view(&x->ids),
                                    .sections = x->sections,
                                    .detail = x->e->detail,
                                    .reason = x->e->reason };
    if (st == CV_OK && x->any)
        st = cv_release_each(x->v, &event, next, take, x, err);
    end(x);
    free(x->wants_of);
    cv_json_free(x->sections);
    return st;
}

cv_status cv_export(struct cv_vault *v, const struct cv_export *e, const struct cv_head_walk *walk,
                    struct cv_err *err)
{
    struct exporting x = { .v = v, .e = e, .walk = walk };
    cv_status st = CV_OK;
    if (cv_vault_policy(v)->reason_required && e->reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    for (; st == CV_OK && x.from < walk->count; x.from = x.to) {
        const size_t left = walk->count - x.from;
        x.to = x.from + (left < cv_event_named_most ? left : cv_event_named_most);
        st = export_some(&x, err);
    }
    cv_buf_free(&x.ids);
    return cv_err_note(err, st, "export");
}
