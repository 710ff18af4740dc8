#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/erase.h"
#include "vault/grant.h"
#include "vault/head_walk.h"
#include "vault/reading.h"

void cv_record_free(struct cv_record *r)
{
    for (size_t i = 0; i < r->source_count; i++)
        cv_source_free(&r->sources[i]);
    free(r->sources);
    cv_json_free(r->erased);
    memset(r, 0, sizeof(*r));
}

const struct cv_source *cv_record_source(const struct cv_record *r, const char *section)
{
    for (size_t i = 0; i < r->source_count; i++)
        if (cv_json_get(r->sources[i].sections, section) != NULL)
            return &r->sources[i];
    return NULL;
}

const struct cv_json *cv_record_section(const struct cv_record *r, const char *section)
{
    const struct cv_source *s = cv_record_source(r, section);
    return s != NULL ? cv_json_get(s->sections, section) : NULL;
}

static const struct cv_version *version_of(const struct cv_versions *list, uint64_t number)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->v[i].version == number)
            return &list->v[i];
    return NULL;
}

/* no_record(v, id): erased, when and by whom; or none that this member may see. */
static cv_status no_record(struct cv_vault *v, const char *id, struct cv_err *err)
{
    struct cv_json *erased = NULL;
    cv_status st = cv_erased_of(v, id, &erased, err);
    const struct cv_json *last = cv_json_at(erased, cv_json_len(erased) > 0 ? cv_json_len(erased) - 1 : 0);
    if (st == CV_OK && last != NULL)
        st = cv_fail_n(err, CV_ERR_NOTFOUND, cv_json_len(cv_json_get(last, "approved_by")),
                       "record %s was erased on %.10s by %s, with %zu signature; nothing opens it",
                       "record %s was erased on %.10s by %s, with %zu signatures; nothing opens it", id,
                       cv_json_get_str(last, "time"), cv_json_get_str(last, "by"),
                       cv_json_len(cv_json_get(last, "approved_by")));
    cv_json_free(erased);
    return st != CV_OK ? st : cv_fail(err, CV_ERR_NOTFOUND, "there is no record %s that you may see", id);
}

cv_status cv_record_versions(struct cv_vault *v, const char *text, struct cv_versions *out,
                             struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES] = "";
    memset(out, 0, sizeof(*out));
    if (text == NULL)
        return cv_head_walk_versions(v, out, err);
    cv_status st = cv_id_parse(cv_bytes_str(text), raw, err);
    if (st == CV_OK)
        cv_id_text(raw, id);
    st = CV_THEN(st, cv_heads_catch_up(v, err));
    st = CV_THEN(st, cv_heads_find(v, id, out, err));
    if (st != CV_OK || out->count > 0)
        return st;
    cv_versions_free(out);
    return no_record(v, id, err);
}

/* hidden(v, id, ...): somebody who reads no record at all is refused like somebody who may not read this
 * section; an answer that there is no such record would be a guess. */
static cv_status hidden(struct cv_vault *v, const char *id, const char *action, const char *reason,
                        struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    char text[CV_ID_TEXT_BYTES];
    cv_status st = cv_id_parse(cv_bytes_str(id), raw, err);
    if (st != CV_OK)
        return st;
    cv_id_text(raw, text);
    const struct cv_refusal refusal = { .to = action, .record = text, .reason = reason };
    return cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                           "none of your roles opens any part of this record; the attempt is in the log");
}

cv_status cv_record_find(struct cv_vault *v, const char *id, const char *action, const char *reason,
                         struct cv_versions *out, struct cv_err *err)
{
    struct cv_err missing = { 0 };
    cv_status st = cv_record_versions(v, id, out, &missing);
    if (st == CV_ERR_NOTFOUND && !cv_vault_may_read(v, "head"))
        return hidden(v, id, action, reason, err);
    return st == CV_OK ? CV_OK : cv_fail(err, st, "%s", missing.msg);
}

cv_status cv_record_slot(struct cv_vault *v, uint64_t entry, uint64_t *slot, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env = { 0 };
    cv_status st = cv_custody_read(v->custody, entry, CV_KIND_RECORD, &data, err);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, err));
    *slot = st == CV_OK ? env.slot : 0;
    cv_buf_free(&data);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

void reading_free(struct reading *g)
{
    for (size_t i = 0; g->data != NULL && i < g->r->source_count; i++)
        cv_buf_free(&g->data[i]);
    free(g->data);
    free(g->env);
    free(g->wants);
    free(g->what);
}

/* want(g, source, part): one more release key. */
static cv_status want(struct reading *g, size_t source, const char *part)
{
    if (g->count == g->room)
        return CV_ERR_LIMIT;
    struct cv_want *w = &g->wants[g->count];
    w->slot = g->env[source].slot;
    w->part = part;
    memcpy(w->handle, g->env[source].handle, sizeof(w->handle));
    g->what[g->count].source = source;
    g->what[g->count++].part = part;
    return CV_OK;
}

/* source_for(g, versions, number, out): the source of that version, its entry read and its head wanted. */
static cv_status source_for(struct reading *g, const struct cv_versions *versions, uint64_t number,
                            size_t *out, struct cv_err *err)
{
    struct cv_record *r = g->r;
    for (*out = 0; *out < r->source_count; (*out)++)
        if (r->sources[*out].version == number)
            return CV_OK;
    const struct cv_version *version = version_of(versions, number);
    if (version == NULL)
        return cv_fail(err, CV_ERR_LOG, "record %s: names a version %" PRIu64 " that is not there", r->id,
                       number);
    struct cv_source *s = &r->sources[r->source_count];
    *out = r->source_count++;
    cv_status st = cv_source_new(version->index, number, s);
    st = CV_THEN(st, cv_custody_read(g->v->custody, s->index, CV_KIND_RECORD, &g->data[*out], err));
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&g->data[*out]), &g->env[*out], err));
    return CV_THEN(st, want(g, *out, "head"));
}

/* asked(sections, name): all, or in the list. */
static bool asked(const char *const *sections, const char *name)
{
    for (size_t i = 0; sections != NULL && sections[i] != NULL; i++)
        if (strcmp(sections[i], name) == 0)
            return true;
    return sections == NULL;
}

/* standing(version, section): the version in which a section of this one stands. */
static uint64_t standing(const struct cv_version *version, const char *section)
{
    const struct cv_json *carried = cv_json_get(version->carried, section);
    return carried != NULL ? (uint64_t)cv_json_to_int(carried) : version->version;
}

/* given(v, versions, version, section): the grant that opens a section of this version to us, or NULL. */
static const struct cv_granted *given(const struct cv_vault *v, const struct cv_versions *versions,
                                      const struct cv_version *version, const char *section)
{
    const struct cv_version *at = version_of(versions, standing(version, section));
    return at != NULL && cv_granted(v, version->index, "") != NULL ? cv_granted(v, at->index, section) : NULL;
}

/* may(v, versions, version, section): by a role, or by a grant that is not over. */
static bool may(const struct cv_vault *v, const struct cv_versions *versions,
                const struct cv_version *version, const char *section)
{
    const struct cv_granted *g = given(v, versions, version, section);
    return cv_vault_may_read(v, section) || (g != NULL && !g->over);
}

bool cv_record_may(struct cv_vault *v, const char *id, const char *section)
{
    struct cv_versions versions = { 0 };
    if (cv_vault_may_read(v, section))
        return true;
    const bool found = cv_record_versions(v, id, &versions, NULL) == CV_OK;
    const bool good = found && may(v, &versions, &versions.v[versions.count - 1], section);
    cv_versions_free(&versions);
    return good;
}

cv_status reading_plan(struct reading *g, const struct cv_versions *versions,
                       const struct cv_version *version, const char *const *sections, struct cv_json *names,
                       struct cv_err *err)
{
    const char *section;
    size_t source = 0;
    cv_status st = source_for(g, versions, version->version, &source, err);
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(g->v->template, version->type, i)) != NULL; i++) {
        if (!asked(sections, section) || !may(g->v, versions, version, section))
            continue;
        st = cv_json_push(names, cv_json_str(section));
        st = CV_THEN(st, source_for(g, versions, standing(version, section), &source, err));
        st = CV_THEN(st, want(g, source, section));
    }
    return st;
}

cv_status reading_take(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct reading *g = arg;
    struct cv_source *s = &g->r->sources[g->what[i].source];
    const struct cv_envelope *env = &g->env[g->what[i].source];
    const bool head = strcmp(g->what[i].part, "head") == 0;
    if (release.n == 0) /* erased: the rest of the record stays readable */
        return head ? CV_OK : cv_json_push(g->r->erased, cv_json_str(g->what[i].part));
    if (!head)
        return cv_source_section(g->v, s, env, g->what[i].part, release, err);
    return cv_source_head(g->v, s, env, release, err);
}

cv_status reading_begin(struct reading *g, const struct cv_version *version, size_t versions,
                        struct cv_err *err)
{
    memcpy(g->r->id, version->id, sizeof(g->r->id));
    memcpy(g->r->type, version->type, sizeof(g->r->type));
    g->r->version = version->version;
    g->room = CV_ENVELOPE_PARTS_MAX * 2 + versions;
    g->wants = calloc(g->room, sizeof(*g->wants));
    g->what = calloc(g->room, sizeof(*g->what));
    g->data = calloc(versions + 1, sizeof(*g->data));
    g->env = calloc(versions + 1, sizeof(*g->env));
    g->r->sources = calloc(versions + 1, sizeof(*g->r->sources));
    g->r->erased = cv_json_array();
    if (g->wants != NULL && g->what != NULL && g->data != NULL && g->env != NULL && g->r->sources != NULL &&
        g->r->erased != NULL)
        return CV_OK;
    return cv_fail(err, CV_ERR_NOMEM, "record: out of memory");
}

/* slot_or_none(v, version): a refusal is told even where the entry is damaged. */
static uint64_t slot_or_none(struct cv_vault *v, const struct cv_version *version)
{
    uint64_t slot = 0;
    return cv_record_slot(v, version->index, &slot, NULL) == CV_OK ? slot : 0;
}

/* refuse(v, version, section, ...): a section of a record that this member sees. */
static cv_status refuse(struct cv_vault *v, const struct cv_version *version, const char *section,
                        const char *action, const char *reason, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = action,
                                        .record = version->id,
                                        .version = version->version,
                                        .section = section,
                                        .reason = reason,
                                        .slot = slot_or_none(v, version) };
    return cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                           "none of your roles opens the section %s; the attempt is in the log", section);
}

/* check_asked(v, versions, version, sections): every named section is one of the type, and ours to read. */
static cv_status check_asked(struct cv_vault *v, const struct cv_versions *versions,
                             const struct cv_version *version, const char *const *sections,
                             const char *action, const char *reason, struct cv_err *err)
{
    for (size_t i = 0; sections != NULL && sections[i] != NULL; i++) {
        if (!cv_template_has(v->template, version->type, sections[i]))
            return cv_fail(err, CV_ERR_ARG, "a %s has no section %.40s", version->type, sections[i]);
        if (may(v, versions, version, sections[i]))
            continue;
        const struct cv_refusal over = { .to = action,
                                         .record = version->id,
                                         .version = version->version,
                                         .section = sections[i],
                                         .reason = reason,
                                         .slot = slot_or_none(v, version) };
        if (given(v, versions, version, sections[i]) != NULL)
            return cv_event_refuse(
                v, &over, CV_ERR_NOKEY, err,
                "the grant that opened the section %s to you is over; the attempt is in the log",
                sections[i]);
        return refuse(v, version, sections[i], action, reason, err);
    }
    return CV_OK;
}

/* read_version(v, versions, version, ...): one event, and then what it says was read. */
static cv_status read_version(struct cv_vault *v, const struct cv_versions *versions,
                              const struct cv_version *version, const char *const *sections,
                              const char *action, const char *reason, struct cv_record *out,
                              struct cv_err *err)
{
    struct reading g = { .v = v, .r = out };
    struct cv_json *names = cv_json_array();
    cv_status st = check_asked(v, versions, version, sections, action, reason, err);
    st = CV_THEN(st, reading_begin(&g, version, versions->count, err));
    st = CV_THEN(st, reading_plan(&g, versions, version, sections, names, err));
    if (st == CV_OK && cv_json_len(names) == 0 && sections == NULL)
        st = refuse(v, version, cv_template_type_section(v->template, version->type, 0), action, reason, err);
    const struct cv_event event = { .action = action,
                                    .record = version->id,
                                    .version = version->version,
                                    .sections = names,
                                    .reason = reason,
                                    .slot = g.env != NULL ? g.env[0].slot : 0 };
    st = CV_THEN(st, cv_release(v, &event, g.wants, g.count, reading_take, &g, err));
    for (size_t i = 0; i < out->source_count && st == CV_OK; i++)
        st = cv_source_verify(v, out->id, out->type, &out->sources[i], err);
    reading_free(&g);
    cv_json_free(names);
    return st;
}

/* no_version(v, id, number): it was erased, or never was. */
static cv_status no_version(struct cv_vault *v, const char *id, uint64_t number, struct cv_err *err)
{
    struct cv_json *erased = NULL;
    cv_status st = cv_erased_of(v, id, &erased, err);
    for (size_t i = 0; st == CV_OK && i < cv_json_len(erased); i++) {
        const struct cv_json *e = cv_json_at(erased, i);
        if ((uint64_t)cv_json_get_int(e, "version") == number)
            st = cv_fail(err, CV_ERR_NOTFOUND, "version %" PRIu64 " was erased on %.10s by %s", number,
                         cv_json_get_str(e, "time"), cv_json_get_str(e, "by"));
    }
    cv_json_free(erased);
    return st != CV_OK
               ? st
               : cv_fail(err, CV_ERR_NOTFOUND,
                         "the record has no version %" PRIu64 " that can be read; see `record history`",
                         number);
}

cv_status cv_record_read(struct cv_vault *v, const char *id, uint64_t number, const char *const *sections,
                         const char *action, const char *reason, struct cv_record *out, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_vault_policy(v)->reason_required && reason == NULL
                       ? cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT")
                       : cv_record_find(v, id, action, reason, &versions, err);
    const struct cv_version *version = st != CV_OK   ? NULL
                                       : number == 0 ? &versions.v[versions.count - 1]
                                                     : version_of(&versions, number);
    if (version != NULL)
        st = read_version(v, &versions, version, sections, action, reason, out, err);
    else if (st == CV_OK)
        st = no_version(v, versions.v[0].id, number, err);
    if (st != CV_OK)
        cv_record_free(out);
    cv_versions_free(&versions);
    return cv_err_note(err, st, "record");
}
