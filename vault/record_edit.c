#include <string.h>

#include "crypto/hash.h"
#include "vault/record_put.h"
#include "vault/related.h"

#define BEGIN_TRIES 50 /* each looks at what others wrote since the one before */

/* A new version out of an old one. */

/* previous_hash(before): SHA-256 of the JWT of the version before, from its opened head. */
static struct cv_json *previous_hash(const struct cv_record *before)
{
    uint8_t hash[CV_SHA256_BYTES];
    const struct cv_json *jwt = cv_json_get(before->sources[0].head, "jwt");
    return cv_sha256(cv_json_text(jwt), hash) == CV_OK ? cv_json_b64u(CV_ARR(hash)) : NULL;
}

/* carry(v, old, record): what stays is carried: for each section not changed, the version it stands in. */
static struct cv_json *carry(const struct cv_vault *v, const struct cv_version *old,
                             const struct cv_json *record)
{
    struct cv_json *out = cv_json_object();
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(v->template, old->type, i)) != NULL;
         i++) {
        const struct cv_json *from = cv_json_get(old->carried, section);
        if (cv_json_get(record, section) == NULL)
            st = cv_json_set(out, section,
                             cv_json_int(from != NULL ? cv_json_to_int(from) : (int64_t)old->version));
    }
    if (st == CV_OK)
        return out;
    cv_json_free(out);
    return NULL;
}

static bool changes(const struct cv_edit *change, const char *section)
{
    return cv_json_get(change->sections, section) != NULL || cv_json_get(change->fields, section) != NULL ||
           cv_json_get(change->joins, section) != NULL || cv_json_get(change->more, section) != NULL;
}

/* recodes(v, type, section, change): will this section of coded fields be filled anew? It is, if what it is
 * filled from changes, all of that is at hand, and this member may write it; else it stays as it was. */
static bool recodes(const struct cv_vault *v, const char *type, const char *section,
                    const struct cv_edit *change)
{
    const char *source;
    bool touched = changes(change, section), any = false;
    for (size_t i = 0; (source = cv_template_type_section(v->template, type, i)) != NULL; i++) {
        if (!cv_template_codes(v->template, type, section, source))
            continue;
        if (cv_json_get(change->sections, source) == NULL && !cv_vault_may_read(v, source))
            return false;
        any = true;
        touched = touched || changes(change, source);
    }
    return any && touched && (cv_vault_may_edit(v, section) || cv_vault_may_create(v, section));
}

/* needs(v, type, section, change): must the old content of this section be read? */
static bool needs(const struct cv_vault *v, const char *type, const char *section,
                  const struct cv_edit *change)
{
    const char *coded;
    if (cv_json_get(change->fields, section) != NULL || cv_json_get(change->joins, section) != NULL ||
        cv_json_get(change->more, section) != NULL)
        return true;
    if (cv_json_get(change->sections, section) != NULL)
        return false;
    for (size_t i = 0; (coded = cv_template_type_section(v->template, type, i)) != NULL; i++)
        if (cv_template_codes(v->template, type, coded, section) && recodes(v, type, coded, change))
            return true;
    return false;
}

/* read_needed(v, old, change, ...): in one event, what the change needs of the old version; at least its
 * head, on which the new one is built. */
static cv_status read_needed(struct cv_vault *v, const struct cv_version *old, const struct cv_edit *change,
                             const char *reason, struct cv_record *out, struct cv_err *err)
{
    const char *names[CV_POLICY_SECTIONS_MAX + 1], *section;
    size_t n = 0;
    for (size_t i = 0; n < CV_POLICY_SECTIONS_MAX &&
                       (section = cv_template_type_section(v->template, old->type, i)) != NULL;
         i++)
        if (needs(v, old->type, section, change))
            names[n++] = section;
    names[n] = NULL;
    cv_status st = cv_record_read(v, old->id, old->version, names, "read", reason, out, err);
    if (st == CV_OK && out->sources[0].head == NULL)
        st = cv_fail(err, CV_ERR_NOTFOUND, "version %llu was erased; it cannot be changed",
                     (unsigned long long)old->version);
    return st;
}

/* merge_section(old, fields): the old content with its fields changed; NULL if there is no memory. */
static struct cv_json *merge_section(const struct cv_json *old, const struct cv_json *fields)
{
    struct cv_json *now = old != NULL ? cv_json_copy(old) : cv_json_object();
    cv_status st = now != NULL ? CV_OK : CV_ERR_NOMEM;
    for (void *it = cv_json_first(fields); st == CV_OK && it != NULL; it = cv_json_next(fields, it)) {
        struct cv_json *value = cv_json_iter_value(it);
        if (!cv_json_is(value, CV_JSON_NULL))
            st = cv_json_set(now, cv_json_iter_name(it), cv_json_ref(value));
        else if (cv_json_get(now, cv_json_iter_name(it)) != NULL)
            st = cv_json_del(now, cv_json_iter_name(it));
    }
    if (st == CV_OK)
        return now;
    cv_json_free(now);
    return NULL;
}

/* lengthen(now, name, more): what its list gets besides. */
static cv_status lengthen(struct cv_json *now, const char *name, const struct cv_json *more)
{
    struct cv_json *list = cv_json_get(now, name);
    cv_status st = list != NULL ? CV_OK : cv_json_set(now, name, cv_json_array());
    list = cv_json_get(now, name);
    for (size_t i = 0; i < cv_json_len(more) && st == CV_OK; i++)
        st = cv_json_push(list, cv_json_ref(cv_json_at(more, i)));
    return st;
}

/* append(before, more, record): sections in which lists grow. */
static cv_status append(const struct cv_record *before, const struct cv_json *more, struct cv_json *record)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(more); st == CV_OK && it != NULL; it = cv_json_next(more, it)) {
        const char *section = cv_json_iter_name(it);
        const struct cv_json *lists = cv_json_iter_value(it);
        if (cv_json_get(record, section) == NULL)
            st = cv_json_set(record, section, merge_section(cv_record_section(before, section), NULL));
        for (void *f = cv_json_first(lists); st == CV_OK && f != NULL; f = cv_json_next(lists, f))
            st = lengthen(cv_json_get(record, section), cv_json_iter_name(f), cv_json_iter_value(f));
    }
    return st;
}

static cv_status merge(const struct cv_record *before, const struct cv_json *fields, struct cv_json *record)
{
    cv_status st = CV_OK;
    for (void *it = cv_json_first(fields); st == CV_OK && it != NULL; it = cv_json_next(fields, it)) {
        const char *section = cv_json_iter_name(it);
        st = cv_json_set(record, section,
                         merge_section(cv_record_section(before, section), cv_json_iter_value(it)));
    }
    return st;
}

/* without(list, id): a list of references, but for this one; NULL if there is no memory. */
static struct cv_json *without(const struct cv_json *list, const char *id)
{
    struct cv_json *out = cv_json_array();
    cv_status st = out != NULL ? CV_OK : CV_ERR_NOMEM;
    for (size_t i = 0; st == CV_OK && i < cv_json_len(list); i++) {
        const char *one = cv_json_cstr(cv_json_at(list, i));
        if (one != NULL && strcmp(one, id) != 0)
            st = cv_json_push(out, cv_json_str(one));
    }
    if (st == CV_OK)
        return out;
    cv_json_free(out);
    return NULL;
}

/* part(now, field, id): it does not point there any more. */
static cv_status part(struct cv_json *now, const char *field, const char *id, bool *changed)
{
    const struct cv_json *have = cv_json_get(now, field);
    const char *one = cv_json_cstr(have);
    *changed = one != NULL ? strcmp(one, id) == 0 : cv_json_has_word(have, id);
    if (!*changed)
        return CV_OK;
    struct cv_json *rest = one != NULL ? NULL : without(have, id);
    if (one == NULL && rest == NULL)
        return CV_ERR_NOMEM;
    if (cv_json_len(rest) > 0)
        return cv_json_set(now, field, rest);
    cv_json_free(rest);
    return cv_json_del(now, field);
}

/* join(now, f, id): it points there too. */
static cv_status join(struct cv_json *now, const struct cv_template_field *f, const char *id, bool *changed,
                      struct cv_err *err)
{
    struct cv_json *have = cv_json_get(now, f->name);
    const char *one = cv_json_cstr(have);
    *changed = one != NULL ? strcmp(one, id) != 0 : !cv_json_has_word(have, id);
    if (!*changed)
        return CV_OK;
    if (!f->multi)
        return one == NULL ? cv_json_set(now, f->name, cv_json_str(id))
                           : cv_fail(err, CV_ERR_EXISTS, "%s: %s stands there already; take that away first",
                                     f->label, one);
    if (cv_json_len(have) >= f->max)
        return cv_fail(err, CV_ERR_LIMIT, "%s: there is room for %zu, and it is full", f->label, f->max);
    cv_status st = have != NULL ? CV_OK : cv_json_set(now, f->name, cv_json_array());
    return CV_THEN(st, cv_json_push(cv_json_get(now, f->name), cv_json_str(id)));
}

/* merge_joins(v, before, change, record, changed): each in its section, as that was. */
static cv_status merge_joins(struct cv_vault *v, const struct cv_record *before, const struct cv_edit *change,
                             struct cv_json *record, bool *changed, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (void *s = cv_json_first(change->joins); st == CV_OK && s != NULL;
         s = cv_json_next(change->joins, s)) {
        const char *section = cv_json_iter_name(s);
        const struct cv_json *fields = cv_json_iter_value(s);
        struct cv_json *now = merge_section(cv_record_section(before, section), NULL);
        st = cv_json_set(record, section, now);
        for (void *it = cv_json_first(fields); st == CV_OK && it != NULL; it = cv_json_next(fields, it)) {
            struct cv_template_field f;
            bool one = false;
            const char *id = cv_json_cstr(cv_json_iter_value(it));
            if (!cv_template_field_named(v->template, before->type, section, cv_json_iter_name(it), &f) ||
                id == NULL)
                return cv_fail(err, CV_ERR_INTERNAL, "%s: no such reference", section);
            st = change->part ? part(now, f.name, id, &one) : join(now, &f, id, &one, err);
            *changed = *changed || one;
        }
    }
    return st;
}

/* sources_there(v, type, section, whole): nothing that it is filled from was erased. */
static bool sources_there(const struct cv_vault *v, const char *type, const char *section,
                          const struct cv_json *whole)
{
    const char *source;
    for (size_t i = 0; (source = cv_template_type_section(v->template, type, i)) != NULL; i++)
        if (cv_template_codes(v->template, type, section, source) && cv_json_get(whole, source) == NULL)
            return false;
    return true;
}

/* recode(v, before, change, record): coded fields follow the sections they are filled from. */
static cv_status recode(const struct cv_vault *v, const struct cv_record *before,
                        const struct cv_edit *change, struct cv_json *record, struct cv_err *err)
{
    struct cv_json *whole = cv_json_object();
    const char *section;
    cv_status st = cv_json_set(whole, "type", cv_json_str(before->type));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(v->template, before->type, i)) != NULL; i++) {
        struct cv_json *data = cv_json_get(record, section);
        if (data == NULL)
            data = (struct cv_json *)(uintptr_t)cv_record_section(before, section);
        if (data != NULL)
            st = cv_json_set(whole, section, cv_json_ref(data));
    }
    st = CV_THEN(st, cv_template_code(v->template, whole, err));
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(v->template, before->type, i)) != NULL; i++)
        if (recodes(v, before->type, section, change) && sources_there(v, before->type, section, whole))
            st = cv_json_set(record, section, cv_json_ref(cv_json_get(whole, section)));
    cv_json_free(whole);
    return st;
}

/* check_same(record, old): a file that `record show --json` wrote may come back changed; its id and type must
 * be the record's own. */
static cv_status check_same(struct cv_json *record, const struct cv_version *old, struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES];
    const char *type = cv_json_get_str(record, "type");
    if (cv_json_get(record, "type") == NULL)
        return cv_json_set(record, "type", cv_json_str(old->type));
    if (type == NULL || strcmp(type, old->type) != 0)
        return cv_fail(err, CV_ERR_FORMAT, "%s is a %s; a version cannot change that", old->id, old->type);
    if (cv_json_get(record, "id") == NULL)
        return CV_OK;
    cv_status st = cv_id_parse(cv_json_text(cv_json_get(record, "id")), raw, err);
    if (st == CV_OK)
        cv_id_text(raw, id);
    if (st == CV_OK && strcmp(id, old->id) != 0)
        st = cv_fail(err, CV_ERR_FORMAT, "the changes are those of record %s, not of %s", id, old->id);
    return st;
}

/* check_rights(v, old, change): what this member may not write is refused before anything is read. */
static cv_status check_rights(struct cv_vault *v, const struct cv_version *old, const struct cv_edit *change,
                              const char *reason, struct cv_err *err)
{
    const char *closed = cv_put_closed(v, old->type, change->sections, old->version + 1);
    if (closed == NULL)
        closed = cv_put_closed(v, old->type, change->fields, old->version + 1);
    if (closed == NULL)
        closed = cv_put_closed(v, old->type, change->joins, old->version + 1);
    if (closed == NULL)
        closed = cv_put_closed(v, old->type, change->more, old->version + 1);
    if (closed == NULL)
        return CV_OK;
    const struct cv_refusal refusal = {
        .to = "edit", .record = old->id, .version = old->version, .section = closed, .reason = reason
    };
    return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, CV_PUT_CLOSED, closed);
}

/* One record of an edit: what it was, and what it becomes. */
struct editing {
    const struct cv_edit *change;
    struct cv_versions versions;
    const struct cv_version *old; /* the last of them */
    struct cv_record before;
    struct cv_json *record;
    bool same; /* nothing in it changes */
};

static void editing_free(struct editing *e)
{
    cv_json_free(e->record);
    cv_record_free(&e->before);
    cv_versions_free(&e->versions);
}

/* prepare(v, e, ...): the sections of the new version, checked, and what it is built on. */
static cv_status prepare(struct cv_vault *v, struct editing *e, const char *reason, struct cv_err *err)
{
    const struct cv_edit *change = e->change;
    const bool parts = change->fields != NULL || change->joins != NULL || change->more != NULL;
    bool changed = change->joins == NULL;
    cv_status st = check_same(e->record, e->old, err);
    /* What comes whole is checked before anything is read for it. */
    if (!parts)
        st = CV_THEN(st, cv_template_check(v->template, e->record, err));
    st = CV_THEN(st, check_rights(v, e->old, change, reason, err));
    st = CV_THEN(st, read_needed(v, e->old, change, reason, &e->before, err));
    st = CV_THEN(st, merge(&e->before, change->fields, e->record));
    st = CV_THEN(st, merge_joins(v, &e->before, change, e->record, &changed, err));
    st = CV_THEN(st, append(&e->before, change->more, e->record));
    e->same = !changed;
    if (st != CV_OK || e->same)
        return st; /* what was stored incomplete is no reason not to say so */
    if (parts)
        st = CV_THEN(st, cv_template_check(v->template, e->record, err));
    return CV_THEN(st, recode(v, &e->before, change, e->record, err));
}

/* put(v, e, reason): inside a commit: the version and its event. */
static cv_status put(struct cv_vault *v, const struct editing *e, const char *reason, struct cv_err *err)
{
    struct cv_event event = { .action = "edit",
                              .record = e->old->id,
                              .version = e->old->version + 1,
                              .detail = e->change->detail,
                              .reason = reason };
    struct cv_json *ids = NULL, *refs = NULL;
    const struct cv_next next = { .type = e->old->type,
                                  .id = e->old->id,
                                  .version = e->old->version + 1,
                                  .previous = previous_hash(&e->before),
                                  .carried = carry(v, e->old, e->record),
                                  .pieces = e->change->pieces };
    struct cv_stored stored;
    cv_status st = cv_put_version(v, &next, e->record, &stored, err);
    event.slot = stored.slot;
    if (st == CV_OK && e->change->with != NULL) {
        ids = cv_json_array();
        st = cv_json_push(ids, cv_json_str(e->change->with));
        event.ids = ids;
    }
    st = CV_THEN(st, cv_related_refs(v->template, e->record, &refs));
    event.refs = refs;
    st = CV_THEN(st, cv_event_add(v, &event, err));
    cv_json_free(ids);
    cv_json_free(refs);
    return st;
}

/* overtaken(v, now, reason): what was looked at is not the last version any more: ${now} is. The day is in
 * what its author signed, which is a reading of its head. */
static cv_status overtaken(struct cv_vault *v, const struct cv_version *now, const char *reason,
                           struct cv_err *err)
{
    static const char *const head[] = { NULL };
    struct cv_record r = { 0 };
    const bool read = cv_record_read(v, now->id, now->version, head, "read", reason, &r, NULL) == CV_OK;
    const char *day = read ? r.sources[0].day : "";
    cv_status st =
        day[0] != '\0'
            ? cv_fail(err, CV_ERR_LOCKED,
                      "somebody else has changed %s meanwhile: version %llu is by %s of %s; nothing was "
                      "stored: look at that, and try again",
                      now->id, (unsigned long long)now->version, now->author, day)
            : cv_fail(err, CV_ERR_LOCKED,
                      "somebody else has changed %s meanwhile: version %llu is by %s; nothing was "
                      "stored: look at that, and try again",
                      now->id, (unsigned long long)now->version, now->author);
    cv_record_free(&r);
    return st;
}

/* unchanged(v, e, reason): the last version of it is the one that was looked at. */
static cv_status unchanged(struct cv_vault *v, const struct editing *e, const char *reason,
                           struct cv_err *err)
{
    struct cv_versions now = { 0 };
    cv_status st = cv_record_find(v, e->old->id, "edit", reason, &now, err);
    if (st == CV_OK && now.v[now.count - 1].index != e->old->index)
        st = overtaken(v, &now.v[now.count - 1], reason, err);
    cv_versions_free(&now);
    return st;
}

/* begin(v, list, count, known, ...): the lock, with ${known} record entries looked at for these records, and
 * no others there. Where others wrote meanwhile, what they wrote is looked at: other records are in nobody's
 * way. */
static cv_status begin(struct cv_vault *v, const struct editing *list, size_t count, uint64_t known,
                       const char *reason, struct cv_err *err)
{
    for (int tries = 0; tries < BEGIN_TRIES; tries++) {
        cv_status st = cv_vault_begin(v, err);
        if (st != CV_OK || v->custody->counts[CV_KIND_RECORD] == known)
            return st;
        cv_vault_abort(v);
        for (size_t i = 0; i < count && st == CV_OK; i++) {
            st = unchanged(v, &list[i], reason, err);
            if (i == 0)
                known = v->listed;
        }
        if (st != CV_OK)
            return st;
    }
    return cv_fail(err, CV_ERR_LOCKED,
                   "too much is being written to this vault; nothing was changed: try again");
}

/* store(v, list, count, known, ...): one commit, unless somebody was faster. */
static cv_status store(struct cv_vault *v, const struct editing *list, size_t count, uint64_t known,
                       const char *reason, struct cv_err *err)
{
    cv_status st = begin(v, list, count, known, reason, err);
    if (st != CV_OK)
        return st;
    for (size_t i = 0; i < count && st == CV_OK; i++)
        if (!list[i].same)
            st = put(v, &list[i], reason, err);
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st;
}

/* start(v, e, id): the record as it is. */
static cv_status start(struct cv_vault *v, struct editing *e, const char *id, const char *reason,
                       struct cv_err *err)
{
    e->record = e->change->sections != NULL ? cv_json_copy(e->change->sections) : cv_json_object();
    cv_status st =
        e->record == NULL ? CV_ERR_NOMEM : cv_record_find(v, id, "edit", reason, &e->versions, err);
    e->old = st == CV_OK ? &e->versions.v[e->versions.count - 1] : NULL;
    if (st != CV_OK || e->change->base == 0 || e->old->version == e->change->base)
        return st;
    if (e->old->version < e->change->base)
        return cv_fail(err, CV_ERR_NOTFOUND,
                       "there is no version %llu of %s: it was erased meanwhile, or this was made of another "
                       "record; nothing was stored: look at what is there",
                       (unsigned long long)e->change->base, e->old->id);
    return overtaken(v, e->old, reason, err);
}

cv_status cv_record_edit_all(struct cv_vault *v, const char *const *ids, const struct cv_edit *changes,
                             size_t count, const char *reason, struct cv_stored *out, struct cv_err *err)
{
    struct editing list[CV_EDITS_MAX] = { 0 };
    uint64_t known = 0;
    bool any = false;
    cv_status st = count <= CV_EDITS_MAX ? CV_OK : CV_ERR_LIMIT;
    memset(out, 0, count * sizeof(*out));
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        list[i].change = &changes[i];
        st = start(v, &list[i], ids[i], reason, err);
        if (i == 0)
            known = v->listed; /* record entries that were looked at for it; what comes after is news */
        st = CV_THEN(st, prepare(v, &list[i], reason, err));
        any = any || !list[i].same;
    }
    if (any)
        st = CV_THEN(st, store(v, list, count, known, reason, err));
    for (size_t i = 0; i < count && st == CV_OK; i++) {
        memcpy(out[i].id, list[i].old->id, sizeof(out[i].id));
        out[i].version = list[i].same ? 0 : list[i].old->version + 1;
    }
    for (size_t i = 0; i < CV_EDITS_MAX; i++)
        editing_free(&list[i]);
    return cv_err_note(err, st, "record edit");
}

cv_status cv_record_edit(struct cv_vault *v, const char *id, const struct cv_edit *change, const char *reason,
                         struct cv_stored *out, struct cv_err *err)
{
    return cv_record_edit_all(v, &id, change, 1, reason, out, err);
}
