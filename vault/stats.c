#include "vault/stats.h"

#include <inttypes.h>
#include <stdio.h>
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

/* choose(v, type, s, out): of each record that was there with the last whole step of records, the version
 * that was its last then. */
static cv_status choose(struct cv_vault *v, const char *type, struct cv_stats *s, struct cv_head_walk *out,
                        struct cv_err *err)
{
    struct cv_head_walk came = { 0 };
    cv_status st = cv_head_walk_first(v, type, &came, err);
    const size_t whole = came.count / CV_STATS_STEP * CV_STATS_STEP;
    s->entry = whole > 0 ? came.step[whole - 1].index : 0;
    s->waiting = came.count - whole;
    cv_head_walk_free(&came);
    return whole > 0 ? CV_THEN(st, cv_head_walk_before(v, type, s->entry + 1, out, err)) : st;
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

/* look(v, ask, section, walk, s, err): one event, then the coded fields. */
static cv_status look(struct cv_vault *v, const struct cv_stats_ask *ask, const char *section,
                      const struct cv_head_walk *walk, const struct cv_stats *s, struct cv_err *err)
{
    char detail[512];
    (void)snprintf(detail, sizeof(detail), "%s; %zu records of type %s, up to entry %" PRIu64, ask->detail,
                   walk->count, ask->type, s->entry);
    const struct cv_coded_ask coded = { ask->type, section, detail, ask->reason, take, s->tally };
    return cv_coded_each(v, &coded, walk, err);
}

cv_status cv_stats_count(struct cv_vault *v, const struct cv_stats_ask *ask, struct cv_stats *out,
                         struct cv_err *err)
{
    struct cv_tally_field fields[CV_SUPPRESS_DIMS];
    const char *section = NULL;
    struct cv_head_walk walk = { 0 };
    *out = (struct cv_stats){ 0 };
    cv_status st = find_fields(v, ask, fields, &section, out->place, err);
    if (st == CV_OK && !cv_vault_may_read(v, section)) {
        const struct cv_refusal refusal = { .to = "count", .section = section, .reason = ask->reason };
        return cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                               "statistics count the section %s, which you may not read", section);
    }
    st = CV_THEN(st, cv_tally_new(fields, ask->count, &out->tally));
    st = CV_THEN(st, choose(v, ask->type, out, &walk, err));
    st = CV_THEN(st, look(v, ask, section, &walk, out, err));
    st = CV_THEN(st, cv_tally_figures(out->tally, ask->k, &out->figures, err));
    out->unread = st == CV_OK ? walk.count - cv_tally_persons(out->tally) : 0;
    cv_head_walk_free(&walk);
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
