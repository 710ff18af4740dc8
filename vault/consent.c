#include "vault/consent.h"

#include <stdlib.h>
#include <string.h>

#include "formats/words.h"
#include "vault/erase.h"
#include "vault/glance.h"

#define TYPE "consent"
#define SECTION "consent"

void cv_consent_free(struct cv_consent *c)
{
    cv_json_free(c->data);
    *c = (struct cv_consent){ 0 };
}

void cv_consents_free(struct cv_consents *list)
{
    for (size_t i = 0; i < list->count; i++)
        cv_consent_free(&list->c[i]);
    free(list->c);
    *list = (struct cv_consents){ 0 };
}

static const char *section(void *arg, const struct cv_version *of)
{
    (void)arg;
    (void)of;
    return SECTION;
}

struct taking {
    struct cv_consents *out;
    cv_consent_fn keep;
    void *arg;
};

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct taking *t = arg;
    struct cv_consents *list = t->out;
    if (t->keep != NULL && !t->keep(t->arg, data))
        return CV_OK;
    struct cv_consent *more = realloc(list->c, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->c = more;
    struct cv_consent *c = &list->c[list->count];
    *c = (struct cv_consent){ .version = of->version, .index = of->index, .data = cv_json_copy(data) };
    memcpy(c->id, of->id, sizeof(c->id));
    list->count += c->data != NULL;
    return c->data != NULL ? CV_OK : CV_ERR_NOMEM;
}

/* ---- what may be lost ---- */

/* last_damaged(v, known, out): the last record entry that nobody can read, 0 if all can be. What the head
 * index knows needs no look: where such an entry is damaged, its record is left out, or does not open. */
static cv_status last_damaged(struct cv_vault *v, const struct cv_head_walk *known, uint64_t *out,
                              struct cv_err *err)
{
    struct cv_catalog *catalog = cv_custody_catalog(v->custody);
    uint64_t index = 0, next = 0;
    size_t at = 0;
    cv_status st;
    *out = 0;
    while ((st = cv_catalog_next(catalog, CV_KIND_RECORD, next, &index, err)) == CV_OK) {
        struct cv_buf data = { 0 };
        struct cv_err bad = { 0 };
        next = index + 1;
        while (at < known->count && known->step[at].index < index)
            at++;
        if (at < known->count && known->step[at].index == index)
            continue;
        st = cv_custody_read(v->custody, index, CV_KIND_RECORD, &data, &bad);
        cv_buf_free(&data);
        if (st == CV_ERR_IO || st == CV_ERR_NOMEM)
            return cv_fail(err, st, "%s", bad.msg);
        if (st != CV_OK)
            *out = index;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* doubt_erased(v, c): a later version of it was erased. */
static cv_status doubt_erased(struct cv_vault *v, struct cv_consent *c, struct cv_err *err)
{
    struct cv_json *erased = NULL;
    cv_status st = v->custody->counts[CV_KIND_ERASE] > 0 ? cv_erased_of(v, c->id, &erased, err) : CV_OK;
    for (size_t i = 0; st == CV_OK && i < cv_json_len(erased); i++)
        c->doubtful = c->doubtful || (uint64_t)cv_json_get_int(cv_json_at(erased, i), "version") > c->version;
    cv_json_free(erased);
    return st;
}

static cv_status doubt(struct cv_vault *v, struct cv_consent *list, size_t count, struct cv_err *err)
{
    struct cv_head_walk known = { 0 };
    uint64_t damaged = 0;
    cv_status st = cv_head_walk(v, NULL, false, &known, err);
    st = CV_THEN(st, last_damaged(v, &known, &damaged, err));
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        list[i].doubtful = damaged > list[i].index;
        st = doubt_erased(v, &list[i], err);
    }
    cv_head_walk_free(&known);
    return st;
}

cv_status cv_consents(struct cv_vault *v, const char *reason, cv_consent_fn keep, void *arg,
                      struct cv_consents *out, struct cv_err *err)
{
    struct taking t = { out, keep, arg };
    const struct cv_glance g = { "list", "consents", reason, section, take, &t, NULL, false };
    const struct cv_refusal refusal = { .to = "read", .section = SECTION, .reason = reason };
    *out = (struct cv_consents){ 0 };
    if (!cv_vault_may_read(v, SECTION))
        return cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                               "none of your roles opens the section %s; the attempt is in the log", SECTION);
    cv_status st = cv_glance_type(v, &g, TYPE, err);
    st = CV_THEN(st, doubt(v, out->c, out->count, err));
    if (st != CV_OK)
        cv_consents_free(out);
    return cv_err_note(err, st, "consents");
}

cv_status cv_consent_find(struct cv_vault *v, const char *id, const char *reason, struct cv_consent *out,
                          struct cv_err *err)
{
    struct cv_record r = { 0 };
    *out = (struct cv_consent){ 0 };
    cv_status st = cv_record_read_as(v, id, TYPE, SECTION, reason, &r, err);
    if (st == CV_OK) {
        *out = (struct cv_consent){ .version = r.version,
                                    .index = r.sources[0].index,
                                    .data = cv_json_copy(cv_record_section(&r, SECTION)) };
        memcpy(out->id, r.id, sizeof(out->id));
        st = out->data != NULL ? CV_OK : CV_ERR_NOMEM;
    }
    cv_record_free(&r);
    st = CV_THEN(st, doubt(v, out, 1, err));
    if (st != CV_OK)
        cv_consent_free(out);
    return cv_err_note(err, st, "consent");
}

/* ---- what it says ---- */

/* day(data, name, otherwise): the date of a bound; ${otherwise} where it has none; NULL where it says
 * something else, which somebody signed who went past the template. */
static const char *day(const struct cv_json *data, const char *name, const char *otherwise)
{
    const struct cv_json *value = cv_json_get(data, name);
    if (value == NULL)
        return otherwise;
    return cv_date_ok(cv_json_text(value), false) ? cv_json_cstr(value) : NULL;
}

const char *cv_consent_state(const struct cv_json *data, const char *today)
{
    static const struct {
        const char *state, *word;
    } words[] = { { "Given", N_("in force") },
                  { "Refused", N_("refused") },
                  { "Withdrawn", N_("withdrawn") } };
    const char *state = cv_json_get_str(data, "state"), *word = N_("not asked");
    const char *from = day(data, "from", today), *until = day(data, "until", today);
    for (size_t i = 0; state != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(state, words[i].state) == 0)
            word = words[i].word;
    if (word != words[0].word)
        return word;
    if (from == NULL || strcmp(today, from) < 0)
        return N_("not yet");
    return until == NULL || strcmp(today, until) > 0 ? N_("over") : word;
}

const char *cv_consent_today(const struct cv_consent *c, const char *today)
{
    const char *state = cv_consent_state(c->data, today);
    const bool counts = strcmp(state, "in force") == 0 || strcmp(state, "not yet") == 0;
    return c->doubtful && counts ? N_("doubtful") : state;
}
