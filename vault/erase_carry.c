#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/erase.h"
#include "vault/notice.h"

/* ---- carrying out ---- */

/* text_of(data, out): what the note of an erase entry says. */
static cv_status text_of(struct cv_bytes data, struct cv_buf *out)
{
    struct cv_note note = { 0 };
    cv_status st = cv_note_parse(data, &note, NULL);
    st = CV_THEN(st, cv_buf_append(out, note.text));
    cv_note_free(&note);
    return st;
}

/* next_intent(v, at, data, index): the first erase entry at or after ${at}. */
static cv_status next_intent(struct cv_vault *v, uint64_t at, struct cv_buf *data, uint64_t *index,
                             struct cv_err *err)
{
    cv_buf_truncate(data, 0);
    cv_status st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_ERASE, at, index, err);
    return CV_THEN(st, cv_custody_read(v->custody, *index, CV_KIND_ERASE, data, err));
}

bool cv_erase_begun(struct cv_vault *v, struct cv_bytes text)
{
    struct cv_buf data = { 0 }, said = { 0 };
    uint64_t index = 0;
    bool same = false;
    for (uint64_t at = 0; !same && next_intent(v, at, &data, &index, NULL) == CV_OK; at = index + 1) {
        cv_buf_truncate(&said, 0);
        same = text_of(cv_buf_view(&data), &said) == CV_OK && cv_bytes_equal(cv_buf_view(&said), text);
    }
    cv_buf_free(&data);
    cv_buf_free(&said);
    return same;
}

/* covers(notice, e): is the notice about these entries? */
static bool covers(const struct cv_notice *n, const struct cv_erasure *e)
{
    const struct cv_json *list = cv_json_get(n->doc, "versions");
    bool all = strcmp(cv_json_get_str(n->doc, "about"), "erase") == 0 && cv_json_len(list) == e->count;
    for (size_t i = 0; all && i < e->count; i++) {
        bool found = false;
        for (size_t j = 0; j < e->count; j++)
            found = found || (uint64_t)cv_json_get_int(cv_json_at(list, j), "entry") == e->versions[i].entry;
        all = found;
    }
    return all;
}

/* not_held(v, e): whoever gives the last signature and may know of the record looks again whether it is held.
 */
static cv_status not_held(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    struct cv_notices list;
    char by[CV_PSEUDONYM_BYTES];
    bool held = false;
    cv_status st = cv_notices_of(v, NULL, &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK && !held; i++)
        if (covers(&list.n[i], e))
            st = cv_hold_of(v, cv_json_get_str(list.n[i].doc, "record"), NULL, &held, by, err);
    cv_notices_free(&list);
    return st == CV_OK && held
               ? cv_fail(err, CV_ERR_DENIED, "the record is under a legal hold, set by %s", by)
               : st;
}

cv_status cv_erase_intend(struct cv_vault *v, const struct cv_proposal *p, struct cv_err *err)
{
    struct cv_buf note = { 0 };
    struct cv_erasure e = { 0 };
    unsigned signers = 0;
    cv_status st = cv_proposal_note(p, &note);
    st = CV_THEN(st, cv_erasure_judge(cv_buf_view(&note), cv_vault_policy(v), &signers, err));
    st = CV_THEN(st, cv_erasure_parse(cv_buf_view(&note), cv_vault_policy(v)->vault, &e, err));
    st = CV_THEN(st, not_held(v, &e, err));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_ERASE, cv_buf_view(&note), NULL, NULL, err));
    cv_erasure_free(&e);
    cv_buf_free(&note);
    return cv_err_note(err, st, "erase");
}

/* closed(v, intent): has it a tombstone? */
static cv_status closed(struct cv_vault *v, uint64_t intent, bool *out, struct cv_err *err)
{
    uint64_t index = 0, of = 0;
    cv_status st = CV_OK;
    *out = false;
    for (uint64_t at = intent; !*out; at = index + 1) {
        struct cv_buf data = { 0 };
        st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_TOMBSTONE, at, &index, err);
        st = CV_THEN(st, cv_custody_read(v->custody, index, CV_KIND_TOMBSTONE, &data, err));
        if (st == CV_OK)
            *out = cv_tombstone_parse(cv_buf_view(&data), &of, NULL) == CV_OK && of == intent;
        cv_buf_free(&data);
        if (st != CV_OK)
            break;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_erasable_slot(struct cv_vault *v, uint64_t entry, uint64_t *slot, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_piece piece = { 0 };
    cv_status st = cv_record_slot(v, entry, slot, NULL);
    if (st != CV_ERR_NOTFOUND)
        return st == CV_OK ? CV_OK : cv_fail(err, st, "entry %" PRIu64 ": cannot be read", entry);
    st = cv_custody_read(v->custody, entry, CV_KIND_PIECE, &data, err);
    st = CV_THEN(st, cv_piece_parse(cv_buf_view(&data), &piece, err));
    if (st == CV_OK && piece.number != 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "entry %" PRIu64 ": is not the first piece of a document", entry);
    *slot = st == CV_OK ? piece.slot : 0;
    cv_buf_free(&data);
    return st == CV_ERR_FORMAT ? CV_ERR_LOG : st;
}

cv_status cv_erase_names(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    for (size_t i = 0; i < e->count; i++) {
        uint64_t slot = 0;
        cv_status st = cv_erasable_slot(v, e->versions[i].entry, &slot, NULL);
        if (st == CV_ERR_NOMEM || st == CV_ERR_IO)
            return cv_fail(err, st, "entry %" PRIu64 " cannot be read", e->versions[i].entry);
        if (st != CV_OK || slot != e->versions[i].slot)
            return cv_fail(err, CV_ERR_LOG, "names a key that is not that of the version in entry %" PRIu64,
                           e->versions[i].entry);
    }
    return CV_OK;
}

/* destroy(v, e): the keys of its versions. */
static cv_status destroy(struct cv_vault *v, const struct cv_erasure *e, struct cv_err *err)
{
    uint64_t *slots = calloc(e->count, sizeof(*slots));
    cv_status st = slots == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; st == CV_OK && i < e->count; i++)
        slots[i] = e->versions[i].slot;
    st = CV_THEN(st, cv_custody_destroy(v->custody, slots, e->count, err));
    free(slots);
    return st;
}

/* gone(v, e): are its keys destroyed, whatever the log says? */
static bool gone(struct cv_vault *v, const struct cv_erasure *e)
{
    bool all = true;
    for (size_t i = 0; all && i < e->count; i++) {
        struct cv_secret key = { 0 };
        all = cv_release_get(&v->custody->release, e->versions[i].slot, &key, NULL) == CV_ERR_NOKEY;
        cv_secret_free(&key);
    }
    return all;
}

/* close_intent(v, intent): the tombstone, into the commit under way. */
static cv_status close_intent(struct cv_vault *v, uint64_t intent, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    cv_status st = cv_tombstone_write(intent, &data);
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_TOMBSTONE, cv_buf_view(&data), NULL, NULL, err));
    cv_buf_free(&data);
    return st;
}

/* An erase entry, and what is left to be done for it. */
struct intent {
    uint64_t index;
    struct cv_erasure e;
    bool has_tombstone, keys_gone;
    bool lies; /* it names keys that are not those of its versions: nothing is done for it */
};

/* look_at(v, index, data, out): anybody may append a tombstone; only the keys themselves tell. */
static cv_status look_at(struct cv_vault *v, uint64_t index, struct cv_bytes data, struct intent *out,
                         struct cv_err *err)
{
    struct cv_err bad = { 0 };
    *out = (struct intent){ .index = index };
    cv_status st = cv_erasure_parse(data, cv_vault_policy(v)->vault, &out->e, &bad);
    st = CV_THEN(st, cv_erase_names(v, &out->e, &bad));
    if (st == CV_ERR_NOMEM || st == CV_ERR_IO)
        return cv_fail(err, st, "entry %" PRIu64 " (erase): %s", index, bad.msg);
    out->lies = st != CV_OK;
    if (out->lies) /* it must not keep everybody out of the vault; the log says who signed it */
        return CV_OK;
    out->keys_gone = gone(v, &out->e);
    return closed(v, index, &out->has_tombstone, err);
}

/* carry_out(v, intent): inside a commit. Keys that seem to be gone are destroyed again before a tombstone
 * says so: who began it may have been killed before a sync, or before slot 0 was replaced, or the sync
 * failed. */
static cv_status carry_out(struct cv_vault *v, const struct intent *i, struct cv_err *err)
{
    cv_status st = i->keys_gone && i->has_tombstone ? CV_OK : destroy(v, &i->e, err);
    return i->has_tombstone ? st : CV_THEN(st, close_intent(v, i->index, err));
}

/* each_intent(v, from, within, left, next): those that are not done yet, counted, and inside a commit carried
 * out. ${next} is where to look from another time. */
static cv_status each_intent(struct cv_vault *v, uint64_t from, bool within, size_t *left, uint64_t *next,
                             struct cv_err *err)
{
    struct cv_buf data = { 0 };
    uint64_t index = 0;
    cv_status st;
    *left = 0;
    *next = from;
    while ((st = next_intent(v, *next, &data, &index, err)) == CV_OK) {
        struct intent i;
        st = look_at(v, index, cv_buf_view(&data), &i, err);
        const bool done = i.lies || (i.has_tombstone && i.keys_gone);
        *left += st == CV_OK && !done;
        if (within && !done)
            st = CV_THEN(st, carry_out(v, &i, err));
        cv_erasure_free(&i.e);
        if (st != CV_OK)
            break;
        *next = index + 1;
    }
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* finish_intents(v, from, next): take the lock and carry out what is left. */
static cv_status finish_intents(struct cv_vault *v, uint64_t from, uint64_t *next, struct cv_err *err)
{
    size_t left = 0;
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = each_intent(v, from, true, &left, next, err);
    if (st == CV_OK && v->custody->count > 0)
        return cv_vault_commit(v, err);
    cv_vault_abort(v); /* it was destroyed only, or another was here first */
    return st;
}

cv_status cv_erase_complete(struct cv_vault *v, struct cv_err *err)
{
    static const char erasures[] = "erasures"; /* no reader of the head index is called that */
    char seen[sizeof(erasures) + CV_RELEASE_STATE_BYTES], state[CV_RELEASE_STATE_BYTES];
    uint64_t from = 0, next = 0;
    size_t left = 0;
    if (v->custody->counts[CV_KIND_ERASE] == 0)
        return CV_OK;
    /* What was seen done is so for this file of keys, and not for an older one that is put back. */
    cv_status st = cv_release_state(&v->custody->release, state, err);
    if (st != CV_OK)
        return st;
    snprintf(seen, sizeof(seen), "%s/%s", erasures, state);
    st = cv_catalog_listed(cv_custody_catalog(v->custody), seen, &from, err);
    st = CV_THEN(st, each_intent(v, from, false, &left, &next, err));
    if (st == CV_OK && left > 0)
        return cv_err_note(err, finish_intents(v, from, &next, err), "erase"); /* to be seen next time */
    if (st == CV_OK && next > from)
        st = cv_catalog_set_listed(cv_custody_catalog(v->custody), seen, next, err);
    if (st == CV_OK && from == 0)
        st = cv_catalog_forget_heads(cv_custody_catalog(v->custody), erasures, seen, err);
    return cv_err_note(err, st, "erase");
}

cv_status cv_erase_lies(struct cv_vault *v, void (*fn)(void *arg, uint64_t entry), void *arg,
                        struct cv_err *err)
{
    struct cv_buf data = { 0 };
    uint64_t index = 0, next = 0;
    cv_status st;
    while ((st = next_intent(v, next, &data, &index, err)) == CV_OK) {
        struct intent i;
        st = look_at(v, index, cv_buf_view(&data), &i, err);
        if (st == CV_OK && i.lies)
            fn(arg, index);
        cv_erasure_free(&i.e);
        if (st != CV_OK)
            break;
        next = index + 1;
    }
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* ---- what was erased ---- */

/* signer_names(v, index, data, out): who signed an erase entry. */
static cv_status signer_names(struct cv_vault *v, uint64_t index, struct cv_bytes data, struct cv_json *out)
{
    const struct cv_policy *p = NULL;
    struct cv_note note = { 0 };
    cv_status st = cv_custody_policy_at(v->custody, index, &p, NULL);
    st = CV_THEN(st, cv_note_parse(data, &note, NULL));
    for (size_t i = 0; st == CV_OK && i < p->member_count; i++) {
        char name[CV_MEMBER_KEYNAME_BYTES];
        cv_policy_member_keyname(p, p->members[i].key.pseudonym, name);
        if (cv_note_verify(&note, name, p->members[i].key.sign) == CV_OK)
            st = cv_json_push(out, cv_json_str(p->members[i].key.pseudonym));
    }
    cv_note_free(&note);
    return st;
}

/* add_erased(v, notice, e, index, data, out): one row for each version. */
static cv_status add_erased(struct cv_vault *v, const struct cv_notice *n, uint64_t index,
                            struct cv_bytes data, struct cv_json *out)
{
    const struct cv_json *list = cv_json_get(n->doc, "versions");
    struct cv_json *who = cv_json_array();
    bool signer = false;
    cv_status st = who == NULL ? CV_ERR_NOMEM : signer_names(v, index, data, who);
    for (size_t i = 0; i < cv_json_len(who); i++)
        signer = signer || strcmp(cv_json_cstr(cv_json_at(who, i)), n->member) == 0;
    /* The entry does not name the record; whoever did not sign it could tell this of any. */
    for (size_t i = 0; st == CV_OK && signer && i < cv_json_len(list); i++) {
        if (cv_json_get(cv_json_at(list, i), "version") == NULL) /* a file */
            continue;
        struct cv_json *o = cv_json_object();
        st = cv_json_push(out, o);
        st = CV_THEN(st,
                     cv_json_set(o, "version", cv_json_int(cv_json_get_int(cv_json_at(list, i), "version"))));
        st = CV_THEN(st, cv_json_set(o, "time", cv_json_copy(cv_json_get(n->doc, "time"))));
        st = CV_THEN(st, cv_json_set(o, "by", cv_json_str(n->member)));
        st = CV_THEN(st, cv_json_set(o, "approved_by", cv_json_ref(who)));
    }
    cv_json_free(who);
    return st;
}

cv_status cv_erased_of(struct cv_vault *v, const char *record, struct cv_json **out, struct cv_err *err)
{
    struct cv_notices list = { 0 };
    struct cv_buf data = { 0 };
    uint64_t index = 0;
    *out = cv_json_array();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK && v->custody->counts[CV_KIND_ERASE] > 0)
        st = cv_notices_of(v, record, &list, err);
    for (uint64_t at = 0; list.count > 0 && st == CV_OK; at = index + 1) {
        struct cv_erasure e = { 0 };
        st = next_intent(v, at, &data, &index, err);
        st = CV_THEN(st, cv_erasure_parse(cv_buf_view(&data), cv_vault_policy(v)->vault, &e, err));
        for (size_t i = 0; st == CV_OK && i < list.count; i++)
            if (covers(&list.n[i], &e))
                st = add_erased(v, &list.n[i], index, cv_buf_view(&data), *out);
        cv_erasure_free(&e);
    }
    cv_notices_free(&list);
    cv_buf_free(&data);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(err, st, "erase");
}
