#include "vault/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/coded.h"

bool cv_stats_field(const struct cv_vault *v, const char *type, const char *name, const char **section,
                    struct cv_template_field *out)
{
    for (size_t i = 0; cv_template_dimension(v->template, type, i, section, out); i++)
        if (strcmp(out->dimension, name) == 0)
            return true;
    return false;
}

/* ---- which versions count ---- */

static int by_record(const void *a, const void *b)
{
    const struct cv_version *x = *(const struct cv_version *const *)a,
                            *y = *(const struct cv_version *const *)b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->version > y->version) - (x->version < y->version);
}

static int by_index(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool new_record(const struct cv_version *const *v, size_t i)
{
    return i == 0 || strcmp(v[i - 1]->id, v[i]->id) != 0;
}

/* close_at(v, count, s): the entry with which the last whole step of records was there. */
static cv_status close_at(const struct cv_version *const *v, size_t count, struct cv_stats *s)
{
    uint64_t *came = calloc(count + 1, sizeof(*came));
    size_t n = 0;
    if (came == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (new_record(v, i))
            came[n++] = v[i]->index;
    qsort(came, n, sizeof(*came), by_index);
    const size_t whole = n / CV_STATS_STEP * CV_STATS_STEP;
    s->entry = whole > 0 ? came[whole - 1] : 0;
    s->waiting = n - whole;
    free(came);
    return CV_OK;
}

/* choose(list, type, s, out): of each record that was there then, the version that was its last. */
static cv_status choose(const struct cv_versions *list, const char *type, struct cv_stats *s,
                        struct cv_latest *out)
{
    size_t n = 0, kept = 0;
    *out = (struct cv_latest){ .v = calloc(list->count + 1, sizeof(*out->v)) };
    if (out->v == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->v[i].type, type) == 0)
            out->v[n++] = &list->v[i];
    qsort(out->v, n, sizeof(*out->v), by_record);
    const cv_status st = close_at(out->v, n, s);
    for (size_t i = 0; i < n && st == CV_OK; i++) {
        if (out->v[i]->index > s->entry || s->entry == 0)
            continue;
        if (kept > 0 && strcmp(out->v[kept - 1]->id, out->v[i]->id) == 0)
            kept--;
        out->v[kept++] = out->v[i];
    }
    out->count = kept;
    return st;
}

/* ---- counting ---- */

static cv_status take(void *arg, const struct cv_json *data)
{
    return cv_tally_add(arg, data);
}

/* find_fields(v, ask, fields, section, place, err): in the template's order, so that whoever asks for the
 * same in another order is shown the same. */
static cv_status find_fields(const struct cv_vault *v, const struct cv_stats_ask *ask,
                             struct cv_tally_field *fields, const char **section, size_t *place,
                             struct cv_err *err)
{
    struct cv_template_field f;
    size_t n = 0;
    for (size_t i = 0; cv_template_dimension(v->template, ask->type, i, section, &f); i++)
        for (size_t a = 0; a < ask->count; a++)
            if (strcmp(ask->names[a], f.dimension) == 0) {
                place[a] = n;
                fields[n++] = (struct cv_tally_field){ f.dimension, f.label, f.name, f.multi, f.choices };
            }
    return n == ask->count && n > 0
               ? CV_OK
               : cv_fail(err, CV_ERR_ARG,
                         "this vault's template does not count records of type %.32s by that", ask->type);
}

/* look(v, ask, section, list, s, err): one event, then the coded fields. */
static cv_status look(struct cv_vault *v, const struct cv_stats_ask *ask, const char *section,
                      const struct cv_latest *list, const struct cv_stats *s, struct cv_err *err)
{
    char detail[512];
    (void)snprintf(detail, sizeof(detail), "%s; %zu records of type %s, up to entry %" PRIu64, ask->detail,
                   list->count, ask->type, s->entry);
    const struct cv_coded_ask coded = { ask->type, section, detail, ask->reason, take, s->tally };
    return cv_coded_each(v, &coded, list->v, list->count, err);
}

cv_status cv_stats_count(struct cv_vault *v, const struct cv_stats_ask *ask, struct cv_stats *out,
                         struct cv_err *err)
{
    struct cv_tally_field fields[CV_SUPPRESS_DIMS];
    const char *section = NULL;
    struct cv_versions list = { 0 };
    struct cv_latest latest = { 0 };
    *out = (struct cv_stats){ 0 };
    cv_status st = find_fields(v, ask, fields, &section, out->place, err);
    if (st == CV_OK && !cv_vault_may_read(v, section)) {
        const struct cv_refusal refusal = { .to = "count", .section = section, .reason = ask->reason };
        return cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                               "statistics count the section %s, which you may not read", section);
    }
    st = CV_THEN(st, cv_tally_new(fields, ask->count, &out->tally));
    st = CV_THEN(st, cv_record_versions(v, NULL, &list, err));
    st = CV_THEN(st, choose(&list, ask->type, out, &latest));
    st = CV_THEN(st, look(v, ask, section, &latest, out, err));
    st = CV_THEN(st, cv_tally_figures(out->tally, ask->k, &out->figures, err));
    out->unread = st == CV_OK ? latest.count - cv_tally_persons(out->tally) : 0;
    cv_latest_free(&latest);
    cv_versions_free(&list);
    if (st != CV_OK)
        cv_stats_free(out);
    return cv_err_note(err, st, "statistics");
}

void cv_stats_free(struct cv_stats *s)
{
    cv_figures_free(&s->figures);
    cv_tally_free(s->tally);
    s->tally = NULL;
}
