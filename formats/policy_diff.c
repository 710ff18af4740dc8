#include "formats/policy_diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/words.h"

/* Room for every name there can be: what an approver is not shown they have not approved. */
#define WORDS_BYTES (CV_POLICY_SECTIONS_MAX * (CV_NAME_BYTES + 2))
#define LINE_BYTES (WORDS_BYTES + 512)

struct telling {
    const struct cv_policy *before, *after;
    cv_say_fn say;
    void *arg;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct telling *t, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), _(fmt), ap);
    va_end(ap);
    t->say(t->arg, line);
}

/* tell_n(t, n, one, many, ...): the form that goes with ${n}. */
__attribute__((format(printf, 3, 5), format(printf, 4, 5))) static void
tell_n(const struct telling *t, uint64_t n, const char *one, const char *many, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    va_start(ap, many);
    (void)vsnprintf(line, sizeof(line), cv_words(n, one, many), ap);
    va_end(ap);
    t->say(t->arg, line);
}

void cv_policy_role_words(const struct cv_policy *p, cv_roles set, char *out, size_t room)
{
    size_t n = 0;
    snprintf(out, room, "-");
    for (size_t i = 0; i < p->role_count && n < room; i++)
        if ((set & ((cv_roles)1 << i)) != 0)
            n += (size_t)snprintf(out + n, room - n, "%s%s", n > 0 ? ", " : "", p->roles[i].name);
}

/* roles_changed(t, who, was, is): which were given and which taken away. */
static void roles_changed(const struct telling *t, const char *who, cv_roles was, cv_roles is)
{
    char words[WORDS_BYTES];
    if ((is & ~was) != 0) {
        cv_policy_role_words(t->after, is & ~was, words, sizeof(words));
        tell(t, "%s will also work as: %s", who, words);
    }
    if ((was & ~is) != 0) {
        cv_policy_role_words(t->after, was & ~is, words, sizeof(words));
        tell(t, "%s will no longer work as: %s", who, words);
    }
}

static void members(const struct telling *t)
{
    char words[WORDS_BYTES];
    for (size_t i = 0; i < t->after->member_count; i++) {
        const struct cv_policy_member *m = &t->after->members[i];
        const struct cv_policy_member *was = cv_policy_member(t->before, m->key.pseudonym);
        cv_policy_role_words(t->after, m->roles, words, sizeof(words));
        if (was == NULL)
            tell(t, "%s (fingerprint %s) joins, and will work as: %s", m->key.pseudonym, m->key.fingerprint,
                 words);
        else
            roles_changed(t, m->key.pseudonym, was->roles, m->roles);
    }
    for (size_t i = 0; i < t->before->member_count; i++) {
        const struct cv_policy_member *m = &t->before->members[i];
        cv_policy_role_words(t->before, m->roles, words, sizeof(words));
        if (cv_policy_member(t->after, m->key.pseudonym) == NULL)
            tell(t, "%s leaves, who works as: %s", m->key.pseudonym, words);
    }
}

static void keys(const struct telling *t)
{
    char words[WORDS_BYTES] = "";
    size_t n = 0;
    for (size_t i = 0; i < t->after->role_count; i++) {
        const struct cv_policy_role *was = cv_policy_role(t->before, t->after->roles[i].name);
        if (was == NULL)
            tell(t, "there will be a role %s", t->after->roles[i].name);
        else if (was->epoch != t->after->roles[i].epoch)
            tell(t, "the role %s gets new keys", t->after->roles[i].name);
    }
    for (size_t i = 0; i < t->after->section_count && n < sizeof(words); i++) {
        const struct cv_policy_section *s = &t->after->sections[i];
        const struct cv_policy_section *was = cv_policy_section(t->before, s->name);
        if (was != NULL && was->epoch != s->epoch)
            n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", n > 0 ? ", " : "", s->name);
    }
    if (n > 0)
        tell(t, "what is written from then on gets new keys in: %s", words);
    if (t->before->log.epoch != t->after->log.epoch)
        tell(t, "the log gets a new key");
    if (t->before->export.epoch != t->after->export.epoch)
        tell(t, "exports get a new key");
}

/* set_changed(t, what, name, same, is): a set of roles, if it is another; a new object's always is. */
static void set_changed(const struct telling *t, const char *what, const char *name, bool same, cv_roles is)
{
    char words[WORDS_BYTES];
    if (same)
        return;
    cv_policy_role_words(t->after, is, words, sizeof(words));
    tell(t, "%s%s will be %s", _(what), name, words);
}

static void rights(const struct telling *t)
{
    for (size_t i = 0; i < t->after->section_count; i++) {
        const struct cv_policy_section *s = &t->after->sections[i];
        const struct cv_policy_section *was = cv_policy_section(t->before, s->name);
        set_changed(t, "readers of the section ", s->name, was != NULL && was->readers == s->readers,
                    s->readers);
        set_changed(t, "who may create the section ", s->name, was != NULL && was->create == s->create,
                    s->create);
        set_changed(t, "who may edit the section ", s->name, was != NULL && was->edit == s->edit, s->edit);
    }
    set_changed(t, "who may sign entries of the log", "", t->before->log.holders == t->after->log.holders,
                t->after->log.holders);
    set_changed(t, "who may export", "", t->before->export.holders == t->after->export.holders,
                t->after->export.holders);
}

/* same_recovery(a, b): the key, how many shares, and which. */
static bool same_recovery(const struct cv_policy *a, const struct cv_policy *b)
{
    const struct cv_policy_recovery *x = &a->recovery, *y = &b->recovery;
    return memcmp(x->key, y->key, sizeof(x->key)) == 0 && x->threshold == y->threshold &&
           x->shares == y->shares && memcmp(x->digests, y->digests, sizeof(x->digests)) == 0;
}

/* has_witness(w, key): by name and key. */
static bool has_witness(const struct cv_policy_witnesses *w, const struct cv_note_key *key)
{
    for (unsigned i = 0; i < w->count; i++)
        if (strcmp(w->keys[i].name, key->name) == 0 &&
            memcmp(w->keys[i].public, key->public, sizeof(key->public)) == 0)
            return true;
    return false;
}

/* tell_witness(t, key, what): by its verifier key, whose end is compared by telephone. */
static void tell_witness(const struct telling *t, const struct cv_note_key *key, const char *what)
{
    struct cv_buf vkey = { 0 };
    if (cv_cosignature_vkey(key, &vkey) == CV_OK)
        tell(t, "%s: %.*s", _(what), (int)vkey.n, (const char *)vkey.p);
    else
        tell(t, "%s: %s", _(what), key->name);
    cv_buf_free(&vkey);
}

static void witnesses(const struct telling *t)
{
    const struct cv_policy_witnesses *a = &t->before->witnesses, *b = &t->after->witnesses;
    if (a->quorum != b->quorum)
        tell_n(t, b->quorum, "a checkpoint will need the cosignature of %u witness (now %u)",
               "a checkpoint will need the cosignatures of %u witnesses (now %u)", b->quorum, a->quorum);
    for (unsigned i = 0; i < b->count; i++)
        if (!has_witness(a, &b->keys[i]))
            tell_witness(t, &b->keys[i], "a witness joins");
    for (unsigned i = 0; i < a->count; i++)
        if (!has_witness(b, &a->keys[i]))
            tell_witness(t, &a->keys[i], "a witness leaves");
}

static void rules(const struct telling *t)
{
    const struct cv_policy *a = t->before, *b = t->after;
    char words[WORDS_BYTES];
    if (a->quorum != b->quorum)
        tell_n(t, b->quorum, "a change will need the signature of %u custodian (now %u)",
               "a change will need the signatures of %u custodians (now %u)", b->quorum, a->quorum);
    if (a->erase_quorum != b->erase_quorum)
        tell_n(t, b->erase_quorum, "an erasure will need %u signature (now %u)",
               "an erasure will need %u signatures (now %u)", b->erase_quorum, a->erase_quorum);
    cv_policy_role_words(b, b->erasers, words, sizeof(words));
    if (a->erasers != b->erasers)
        tell(t, "erasures will be signed by: %s", words);
    if (a->package_quorum != b->package_quorum)
        tell_n(t, b->package_quorum, "a package will need the approval of %u other (now %u)",
               "a package will need the approval of %u others (now %u)", b->package_quorum,
               a->package_quorum);
    witnesses(t);
    if (a->reason_required != b->reason_required)
        tell(t,
             b->reason_required ? "readers will have to say why" : "readers will no longer have to say why");
    if (memcmp(a->template_hash, b->template_hash, sizeof(a->template_hash)) != 0)
        tell(t, "another template comes into force");
    if (same_recovery(a, b))
        return;
    if (b->recovery.threshold > 0)
        tell(t, "recovery: %u of %u new shares will be needed; earlier ones admit nobody",
             b->recovery.threshold, b->recovery.shares);
    else
        tell(t, "recovery: there will be no shares until they are split anew");
}

void cv_policy_diff(const struct cv_policy *before, const struct cv_policy *after, cv_say_fn say, void *arg)
{
    const struct telling t = { before, after, say, arg };
    members(&t);
    keys(&t);
    rights(&t);
    rules(&t);
}
