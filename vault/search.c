#include "vault/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/glance.h"
#include "vault/grant.h"
#include "vault/heads.h"
#include "vault/search_inside.h"

#define HIT_PLACES 4 /* told of one record */

struct searching {
    struct cv_vault *v;
    const struct cv_search_ask *ask;
    struct cv_index *x;
    struct cv_term *term; /* by number of its node; what is no term stays empty */
    struct cv_met met;
    bool *yes, *exactly; /* of each record met: found; found without names spelled almost so */
    struct cv_search *out;
};

static bool is_term(const struct cv_query_node *n)
{
    return n->kind == CV_QUERY_WORDS || n->kind == CV_QUERY_SPAN;
}

/* ---- before anything is looked for ---- */

/* may_look(v, section): by a role; or something of it was granted. */
static bool may_look(const struct cv_vault *v, const char *section)
{
    return cv_vault_may_read(v, section) || cv_granted_section(v, section);
}

/* known(v, spec, readable): is there such a field in the template; and in a section of this member's? */
static bool known(const struct cv_vault *v, const char *spec, bool *readable)
{
    const struct cv_template *t = v->template;
    const char *type, *section;
    struct cv_template_field f, in;
    bool found = false;
    *readable = false;
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        for (size_t k = 0; (section = cv_template_type_section(t, type, k)) != NULL; k++)
            for (size_t n = 0; cv_template_field(t, type, section, n, &f); n++) {
                char path[2 * CV_NAME_BYTES];
                bool here = cv_term_names(spec, section, f.name);
                for (size_t m = 0; !here && cv_template_inner(t, type, section, f.name, m, &in); m++) {
                    snprintf(path, sizeof(path), "%s.%s", f.name, in.name);
                    here = cv_term_names(spec, section, path);
                }
                found = found || here;
                *readable = *readable || (here && may_look(v, section));
            }
    return found;
}

/* check_fields(s): a field that is none is a slip; one of a section that is closed, an attempt. */
static cv_status check_fields(struct searching *s, struct cv_err *err)
{
    const struct cv_query *q = s->ask->query;
    for (size_t i = 0; i < q->count; i++) {
        const char *spec = q->node[i].field;
        bool readable = false;
        if (!is_term(&q->node[i]) || spec[0] == '\0')
            continue;
        if (!known(s->v, spec, &readable))
            return cv_fail(err, CV_ERR_ARG,
                           "search terms: records have no field %s; a colon that belongs to the words stands "
                           "between quotation marks",
                           spec);
        if (readable)
            continue;
        const struct cv_refusal refusal = { .to = "search", .section = spec, .reason = s->ask->reason };
        return cv_event_refuse(s->v, &refusal, CV_ERR_NOKEY, err,
                               "none of your roles opens the field %s; the attempt is in the log", spec);
    }
    return CV_OK;
}

/* check_sections(s): does this member read anything at all? */
static cv_status check_sections(struct searching *s, struct cv_err *err)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_section(s->v->template, i)) != NULL; i++)
        if (may_look(s->v, section))
            return CV_OK;
    const struct cv_refusal refusal = { .to = "search", .reason = s->ask->reason };
    return cv_event_refuse(s->v, &refusal, CV_ERR_NOKEY, err,
                           "none of your roles opens a section of records; the attempt is in the log");
}

/* ---- which records ---- */

/* holds(s, at, n, exact): is the tree from ${at} on true of record ${n}? */
static bool holds(const struct searching *s, size_t at, size_t n, bool exact)
{
    const struct cv_query_node *node = &s->ask->query->node[at];
    const struct cv_term *term = &s->term[at];
    switch (node->kind) {
    case CV_QUERY_AND:
        return holds(s, node->left, n, exact) && holds(s, node->right, n, exact);
    case CV_QUERY_OR:
        return holds(s, node->left, n, exact) || holds(s, node->right, n, exact);
    case CV_QUERY_NOT:
        return !holds(s, node->left, n, false);
    default:
        return n < term->room && term->place[n].entry != 0 && !(exact && term->almost[n]);
    }
}

/* negated(q, at): does it stand under a NOT? */
static bool negated(const struct cv_query *q, size_t at)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct cv_query_node *n = &q->node[i];
        const bool two = n->kind == CV_QUERY_AND || n->kind == CV_QUERY_OR;
        if (n->kind == CV_QUERY_NOT && n->left == at)
            return true;
        if (two && (n->left == at || n->right == at))
            return negated(q, i); /* a node stands under one other, which comes later */
    }
    return false;
}

/* forgive(s, all): names spelled almost so, for words with a tilde and words that are nowhere, or for all
 * that could be names. What is not to be found is meant as it is written. */
static cv_status forgive(struct searching *s, bool all)
{
    const struct cv_query *q = s->ask->query;
    cv_status st = CV_OK;
    for (size_t i = 0; i < q->count && st == CV_OK; i++)
        if (is_term(&q->node[i]) && !negated(q, i) && (all || q->node[i].almost || s->term[i].met == 0))
            st = cv_term_forgive(s->x, &s->term[i], &s->met);
    return st;
}

/* judge(s): of which records the query is true; how many there are. */
static cv_status judge(struct searching *s, size_t *count)
{
    free(s->yes);
    free(s->exactly);
    *count = 0;
    s->yes = calloc(s->met.count + 1, sizeof(*s->yes));
    s->exactly = calloc(s->met.count + 1, sizeof(*s->exactly));
    if (s->yes == NULL || s->exactly == NULL)
        return CV_ERR_NOMEM;
    for (size_t n = 0; n < s->met.count; n++) {
        s->yes[n] = holds(s, s->ask->query->root, n, false);
        s->exactly[n] = s->yes[n] && holds(s, s->ask->query->root, n, true);
        *count += s->yes[n] ? 1 : 0;
    }
    return CV_OK;
}

static cv_status look(struct searching *s, struct cv_err *err)
{
    const struct cv_query *q = s->ask->query;
    size_t count = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; i < q->count && st == CV_OK; i++)
        if (is_term(&q->node[i]))
            st = cv_term_new(s->x, &q->node[i], &s->term[i], err);
    for (size_t i = 0; i < q->count && st == CV_OK; i++)
        if (is_term(&q->node[i]))
            st = cv_term_look(s->x, &s->term[i], &s->met);
    st = CV_THEN(st, forgive(s, false));
    st = CV_THEN(st, judge(s, &count));
    if (st != CV_OK || count > 0)
        return st;
    st = forgive(s, true);
    st = CV_THEN(st, judge(s, &count));
    s->out->widened = count > 0;
    return st;
}

static void forget(struct searching *s)
{
    for (size_t i = 0; i < s->ask->query->count; i++)
        cv_term_free(&s->term[i]);
    free(s->met.id);
    free(s->met.slot);
    free(s->yes);
    free(s->exactly);
    s->met = (struct cv_met){ 0 };
    s->yes = s->exactly = NULL;
    cv_index_free(s->x);
    s->x = NULL;
}

/* open_index(s): with what was granted. */
static cv_status open_index(struct searching *s, struct cv_err *err)
{
    cv_status st = cv_index_open(s->v, s->ask->reason, &s->x, err);
    return CV_THEN(st, cv_index_add_granted(s->x, s->ask->reason, &s->out->granted_left, err));
}

/* find(s): once more where a file of the index turned out to be damaged. */
static cv_status find(struct searching *s, struct cv_err *err)
{
    cv_status st = open_index(s, err);
    st = CV_THEN(st, look(s, err));
    if (st != CV_ERR_FORMAT)
        return st;
    st = cv_index_put_away(s->x);
    forget(s);
    st = CV_THEN(st, open_index(s, err));
    st = CV_THEN(st, look(s, err));
    return st == CV_ERR_FORMAT
               ? cv_fail(err, CV_ERR_IO,
                         "search: the index is damaged again; is the disk of the cache failing?")
               : st;
}

/* ---- hits ---- */

/* A record that was found, before the head index has been asked. */
struct candidate {
    size_t n;
    uint64_t entry; /* the newest in which something was met */
    bool exactly;
};

static int better(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->exactly != y->exactly ? y->exactly - x->exactly : (x->entry < y->entry) - (x->entry > y->entry);
}

/* place_of(s, i, n): where term ${i} met record ${n}; NULL: not, or it was not to be met. */
static const struct cv_place_in *place_of(const struct searching *s, size_t i, size_t n)
{
    const struct cv_term *term = &s->term[i];
    if (n >= term->room || term->place[n].entry == 0 || negated(s->ask->query, i))
        return NULL;
    return &term->place[n];
}

static cv_status choose(struct searching *s, struct candidate **out, size_t *count)
{
    *out = calloc(s->met.count + 1, sizeof(**out));
    *count = 0;
    if (*out == NULL)
        return CV_ERR_NOMEM;
    for (size_t n = 0; n < s->met.count; n++) {
        if (!s->yes[n])
            continue;
        struct candidate *c = &(*out)[*count];
        const char *type = NULL;
        *c = (struct candidate){ .n = n, .exactly = s->exactly[n] };
        for (size_t i = 0; i < s->ask->query->count; i++) {
            const struct cv_place_in *p = place_of(s, i, n);
            c->entry = p != NULL && p->entry > c->entry ? p->entry : c->entry;
            type = p != NULL ? p->type : type;
        }
        if (s->ask->type == NULL || (type != NULL && strcmp(type, s->ask->type) == 0))
            ++*count;
    }
    qsort(*out, *count, sizeof(**out), better);
    return CV_OK;
}

/* standing(versions, section): the entry in which it stands, as the head index has it; UINT64_MAX: none. */
static uint64_t standing(const struct cv_versions *list, const char *section)
{
    if (list->v == NULL || list->count == 0)
        return UINT64_MAX;
    const struct cv_version *last = &list->v[list->count - 1];
    const struct cv_json *carried = cv_json_get(last->carried, section);
    const uint64_t version = carried != NULL ? (uint64_t)cv_json_to_int(carried) : last->version;
    for (size_t i = 0; i < list->count; i++)
        if (list->v[i].version == version)
            return list->v[i].index;
    return UINT64_MAX;
}

/* add_places(s, n, hit, good): "section.field" of each term; false in ${good} if one is not so any more. */
static cv_status add_places(const struct searching *s, size_t n, struct cv_search_hit *hit, bool *good)
{
    cv_status st = CV_OK;
    *good = true;
    for (size_t i = 0; i < s->ask->query->count && st == CV_OK; i++) {
        const struct cv_place_in *p = place_of(s, i, n);
        char text[3 * CV_NAME_BYTES];
        if (p == NULL)
            continue;
        *good = *good && standing(&hit->versions, p->section) == p->entry;
        snprintf(text, sizeof(text), "%s.%s", p->section, p->field);
        if (cv_json_len(hit->places) < HIT_PLACES)
            st = cv_json_push_word(hit->places, text);
    }
    return st;
}

/* take(s, c, taken): a candidate becomes a hit, if the head index agrees. */
static cv_status take(struct searching *s, const struct candidate *c, struct cv_err *err)
{
    struct cv_search_hit *hit = &s->out->hits[s->out->count];
    char id[CV_ID_TEXT_BYTES];
    bool good = false;
    *hit = (struct cv_search_hit){ .places = cv_json_array(), .almost = !c->exactly };
    cv_id_text(s->met.id[c->n], id);
    cv_status st = hit->places == NULL ? CV_ERR_NOMEM : cv_heads_find(s->v, id, &hit->versions, err);
    if (st == CV_OK && hit->versions.count > 0)
        st = add_places(s, c->n, hit, &good);
    if (st == CV_OK && good && s->ask->type != NULL)
        good = strcmp(hit->versions.v[0].type, s->ask->type) == 0;
    s->out->count++;
    if (st == CV_OK && good)
        return CV_OK;
    s->out->count--;
    cv_versions_free(&hit->versions);
    cv_json_free(hit->places);
    s->out->found -= st == CV_OK ? 1 : 0;
    return st;
}

static cv_status take_hits(struct searching *s, struct cv_err *err)
{
    struct candidate *list = NULL;
    size_t count = 0;
    cv_status st = choose(s, &list, &count);
    const size_t limit = s->ask->limit < count ? s->ask->limit : count;
    s->out->found = count;
    s->out->hits = calloc(limit + 1, sizeof(*s->out->hits));
    if (st == CV_OK && s->out->hits == NULL)
        st = CV_ERR_NOMEM;
    for (size_t i = 0; i < count && st == CV_OK && s->out->count < limit; i++)
        st = take(s, &list[i], err);
    free(list);
    return st;
}

/* tell_almost(s): the words that were nowhere. */
static cv_status tell_almost(struct searching *s)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->ask->query->count && st == CV_OK; i++)
        if (s->term[i].nowhere && s->term[i].met > 0)
            st = cv_json_push(s->out->almost, cv_json_strn(s->term[i].node->text));
    return st;
}

/* ---- the event, and titles under it ---- */

struct titling {
    struct searching *s;
    struct cv_json *titles; /* id -> text */
};

static const char *section_of_title(const struct cv_vault *v, const struct cv_version *of)
{
    struct cv_template_field field;
    const char *section = NULL;
    return cv_template_title(v->template, of->type, 0, &section, &field) ? section : NULL;
}

static const char *title_section(void *arg, const struct cv_version *of)
{
    return section_of_title(((const struct titling *)arg)->s->v, of);
}

static cv_status take_title(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct titling *t = arg;
    return cv_title_put(t->s->v->template, of, data, t->titles);
}

static cv_status keep_titles(struct searching *s, const struct cv_json *titles)
{
    for (size_t i = 0; i < s->out->count; i++) {
        struct cv_search_hit *hit = &s->out->hits[i];
        const char *title = cv_json_get_str(titles, hit->versions.v[0].id);
        hit->title = title != NULL ? strdup(title) : NULL;
        if (title != NULL && hit->title == NULL)
            return CV_ERR_NOMEM;
    }
    return CV_OK;
}

/* opens(s, versions, section): will the glance at the titles open it? */
static bool opens(const struct searching *s, const struct cv_versions *versions, const char *section)
{
    if (cv_vault_may_read(s->v, section))
        return true;
    const struct cv_granted *g = cv_granted(s->v, standing(versions, section), section);
    return g != NULL && !g->over;
}

/* names(s, ids, sections, list): what the event tells: the hits, and the sections that told of them. */
static cv_status names(struct searching *s, struct cv_json *ids, struct cv_json *sections,
                       const struct cv_version **list)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->out->count && st == CV_OK; i++) {
        const struct cv_versions *versions = &s->out->hits[i].versions;
        list[i] = &versions->v[versions->count - 1];
        st = cv_json_push(ids, cv_json_str(list[i]->id));
        const char *title = section_of_title(s->v, list[i]);
        if (title != NULL && opens(s, versions, title))
            st = CV_THEN(st, cv_json_push_word(sections, title));
        for (size_t k = 0; k < cv_json_len(s->out->hits[i].places) && st == CV_OK; k++) {
            const struct cv_bytes place = cv_json_text(cv_json_at(s->out->hits[i].places, k));
            char section[CV_NAME_BYTES];
            snprintf(section, sizeof(section), "%.*s", (int)strcspn((const char *)place.p, "."),
                     (const char *)place.p);
            st = cv_json_push_word(sections, section);
        }
    }
    return st;
}

static cv_status log_hits(struct searching *s, struct cv_err *err)
{
    struct titling t = { s, cv_json_object() };
    struct cv_json *ids = cv_json_array(), *sections = cv_json_array();
    const struct cv_version **list = calloc(s->out->count + 1, sizeof(const struct cv_version *));
    char detail[64];
    cv_status st = ids == NULL || sections == NULL || list == NULL || t.titles == NULL
                       ? CV_ERR_NOMEM
                       : names(s, ids, sections, list);
    snprintf(detail, sizeof(detail), "found in %zu", s->out->found);
    const struct cv_glance g = { .granted = true, .section = title_section, .take = take_title, .arg = &t };
    const struct cv_event event = { .action = "search",
                                    .ids = ids,
                                    .sections = sections,
                                    .detail = s->out->found > s->out->count ? detail : NULL,
                                    .reason = s->ask->reason,
                                    .terms = s->ask->terms };
    st = CV_THEN(st, cv_glance_under(s->v, &g, &event, list, s->out->count, err));
    st = CV_THEN(st, keep_titles(s, t.titles));
    cv_json_free(t.titles);
    cv_json_free(ids);
    cv_json_free(sections);
    free(list);
    return st;
}

cv_status cv_search(struct cv_vault *v, const struct cv_search_ask *ask, struct cv_search *out,
                    struct cv_err *err)
{
    struct cv_term *term = calloc(CV_QUERY_NODES, sizeof(*term));
    struct searching s = { .v = v, .ask = ask, .term = term, .out = out };
    *out = (struct cv_search){ .almost = cv_json_array() };
    cv_status st = term == NULL || out->almost == NULL ? CV_ERR_NOMEM : cv_grants_load(v, err);
    st = CV_THEN(st, check_sections(&s, err));
    if (st == CV_OK && cv_vault_policy(v)->reason_required && ask->reason == NULL)
        st = cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT");
    st = CV_THEN(st, check_fields(&s, err));
    st = CV_THEN(st, find(&s, err));
    out->unread = st == CV_OK ? cv_index_unread(s.x) : 0;
    st = CV_THEN(st, take_hits(&s, err));
    st = CV_THEN(st, tell_almost(&s));
    st = CV_THEN(st, log_hits(&s, err));
    if (term != NULL)
        forget(&s);
    free(term);
    if (st != CV_OK)
        cv_search_free(out);
    return cv_err_note(err, st, "search");
}

void cv_search_free(struct cv_search *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct cv_search_hit *hit = &s->hits[i];
        cv_versions_free(&hit->versions);
        cv_json_free(hit->places);
        if (hit->title != NULL)
            cv_wipe(hit->title, strlen(hit->title));
        free(hit->title);
    }
    free(s->hits);
    cv_json_free(s->almost);
    *s = (struct cv_search){ 0 };
}
