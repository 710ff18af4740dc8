/* The vault floor from the inside: what the program alone could not be made to do. */
#include "test.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "vault/export.h"
#include "vault/glance.h"
#include "vault/head_rows.h"
#include "vault/heads.h"
#include "vault/imported.h"
#include "vault/members.h"

static char place[64];
static struct cv_identity custodian, intake, legal;

static const char *in_place(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static struct cv_vault *opened(const struct cv_identity *id)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    if (cv_vault_open(in_place("vault"), NULL, id, &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

static struct cv_json *parsed(const char *text)
{
    struct cv_json *v = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), strlen(text), "test", &v, NULL));
    return v;
}

/* stored(v, text): the id under which the record now stands. */
static const char *stored(struct cv_vault *v, const char *text)
{
    static struct cv_stored out;
    struct cv_err err = { 0 };
    struct cv_json *record = parsed(text);
    if (cv_record_add(v, record, NULL, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    cv_json_free(record);
    return out.id;
}

/* first_name(v, id): as v's member reads it. */
static void check_name(struct cv_vault *v, const char *id, const char *want)
{
    struct cv_record r;
    struct cv_err err = { 0 };
    if (cv_record_read(v, id, 0, NULL, "read", NULL, &r, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(cv_json_get_str(cv_record_section(&r, "identity"), "first_name"), want);
    cv_record_free(&r);
}

static size_t listed(struct cv_vault *v)
{
    struct cv_versions list;
    assert_ok(cv_record_versions(v, NULL, &list, NULL));
    const size_t n = list.count;
    cv_versions_free(&list);
    return n;
}

static int found(void **state)
{
    static const char *const intake_role[] = { "intake", NULL }, *const legal_role[] = { "legal", NULL };
    struct cv_err err = { 0 };
    (void)state;
    strcpy(place, "/tmp/casevault-unit-XXXXXX");
    if (mkdtemp(place) == NULL)
        return -1;
    setenv("XDG_CACHE_HOME", in_place("cache"), 1);
    setenv("XDG_STATE_HOME", in_place("state"), 1);
    assert_ok(cv_identity_new(true, &custodian, NULL));
    assert_ok(cv_identity_new(true, &intake, NULL));
    assert_ok(cv_identity_new(true, &legal, NULL));
    if (cv_vault_init(in_place("vault"), cv_template_default_text(), &custodian, &err) != CV_OK)
        fail_msg("%s", err.msg);
    struct cv_vault *v = opened(&custodian);
    struct cv_outcome outcome;
    assert_ok(cv_members_add(v, &intake.public, intake_role, &outcome, NULL));
    assert_ok(cv_members_add(v, &legal.public, legal_role, &outcome, NULL));
    assert_true(outcome.done);
    cv_vault_close(v);
    return 0;
}

static int gone(void **state)
{
    char command[128];
    (void)state;
    cv_identity_free(&custodian);
    cv_identity_free(&intake);
    cv_identity_free(&legal);
    snprintf(command, sizeof(command), "rm -rf %s", place);
    return system(command);
}

#define PERSON(name) "{\"type\":\"person\",\"identity\":{\"first_name\":\"" name "\"}}"

/* Every session has a batch of its own, and a reader opens more of them than it keeps. */
static void many_sessions(void **state)
{
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const size_t before = listed(v);
    cv_vault_close(v);
    for (int i = 0; i < 300; i++) {
        v = opened(&intake);
        stored(v, PERSON("Ana"));
        cv_vault_close(v);
    }
    v = opened(&custodian);
    assert_int_equal(listed(v), before + 300);
    cv_vault_close(v);
}

/* Two sessions of one user: each takes in what the other did, and the shared catalog never goes back. */
static void two_sessions(void **state)
{
    char a[CV_ID_TEXT_BYTES], b[CV_ID_TEXT_BYTES], c[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *one = opened(&custodian), *two = opened(&custodian);
    strcpy(a, stored(one, PERSON("Lule")));
    strcpy(b, stored(two, PERSON("Drita")));
    strcpy(c, stored(one, PERSON("Mira")));
    check_name(two, a, "Lule");
    check_name(one, b, "Drita");
    check_name(two, c, "Mira");
    cv_vault_close(one); /* with less in hand than two has written since */
    check_name(two, a, "Lule");
    cv_vault_close(two);
    one = opened(&custodian);
    check_name(one, a, "Lule");
    check_name(one, b, "Drita");
    check_name(one, c, "Mira");
    cv_vault_close(one);
}

/* A process that ends between a commit and the catalog: the archive has it. */
static void ended_early(void **state)
{
    int pipes[2], status = 0;
    char id[CV_ID_TEXT_BYTES] = "";
    (void)state;
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct cv_vault *v = opened(&intake);
        strcpy(id, stored(v, PERSON("Vesna")));
        const ssize_t n = write(pipes[1], id, sizeof(id));
        if (n == (ssize_t)sizeof(id)) /* gone as if it were killed; valgrind would look at what it held */
            execlp("true", "true", NULL);
        _exit(1);
    }
    assert_int_equal(read(pipes[0], id, sizeof(id)), sizeof(id));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(pipes[0]);
    close(pipes[1]);
    struct cv_vault *v = opened(&custodian);
    check_name(v, id, "Vesna");
    cv_vault_close(v);
}

/* events(v): how many the log has, as far as this process knows. */
static uint64_t events(const struct cv_vault *v)
{
    return v->custody->counts[CV_KIND_EVENT];
}

/* What a process wrote itself stands in the index without being opened again, which would be an event; unless
 * somebody else wrote in between, or the commit was given up. */
static void own_heads(void **state)
{
    char id[CV_ID_TEXT_BYTES], others[CV_ID_TEXT_BYTES];
    struct cv_stored out;
    (void)state;
    struct cv_vault *v = opened(&custodian), *other = opened(&intake);
    const size_t before = listed(v);
    strcpy(id, stored(v, PERSON("Mira")));
    strcpy(id, stored(v, PERSON("Vera")));
    uint64_t had = events(v);
    assert_int_equal(listed(v), before + 2);
    assert_int_equal(events(v), had);
    check_name(v, id, "Vera");

    struct cv_json *given_up = parsed(PERSON("Nobody"));
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_record_put(v, given_up, &out, NULL));
    cv_vault_abort(v);
    cv_json_free(given_up);
    strcpy(id, stored(v, PERSON("Sara")));
    had = events(v);
    assert_int_equal(listed(v), before + 3);
    assert_int_equal(events(v), had);
    check_name(v, id, "Sara");

    strcpy(others, stored(other, PERSON("Tanja")));
    strcpy(id, stored(v, PERSON("Ema")));
    had = events(v);
    assert_int_equal(listed(v), before + 5);
    assert_int_equal(events(v), had + 1);
    check_name(v, id, "Ema");
    check_name(v, others, "Tanja");
    cv_vault_close(other);
    cv_vault_close(v);
}

/* Another process of the same member, who had other roles for a while, forgets the index of those they have
 * again: what the first one still adds to it must not pass for all of it. */
static void forgotten_between(void **state)
{
    struct cv_outcome outcome;
    (void)state;
    struct cv_vault *v = opened(&legal), *chief = opened(&custodian);
    const size_t before = listed(v);
    assert_true(before > 0);
    stored(v, "{\"type\":\"person\",\"legal\":{\"notes\":\"called\"}}");
    assert_ok(cv_members_grant(chief, legal.public.pseudonym, "medical", &outcome, NULL));
    assert_true(outcome.done);
    struct cv_vault *other = opened(&legal);
    assert_int_equal(listed(other), before + 1);
    cv_vault_close(other);
    cv_vault_close(v);
    assert_ok(cv_members_revoke(chief, legal.public.pseudonym, "medical", &outcome, NULL));
    assert_true(outcome.done);
    cv_vault_close(chief);
    v = opened(&legal);
    assert_int_equal(listed(v), before + 1);
    cv_vault_close(v);
}

/* Who is removed while heads of theirs wait for the index has none any more. */
static void removed_between(void **state)
{
    static const char *const legal_role[] = { "legal", NULL };
    struct cv_identity guest;
    struct cv_outcome outcome;
    struct cv_err err = { 0 };
    (void)state;
    assert_ok(cv_identity_new(true, &guest, NULL));
    struct cv_vault *chief = opened(&custodian);
    assert_ok(cv_members_add(chief, &guest.public, legal_role, &outcome, NULL));
    struct cv_vault *v = opened(&guest);
    assert_true(listed(v) > 0);
    stored(v, "{\"type\":\"person\",\"legal\":{\"notes\":\"called\"}}");
    assert_ok(cv_members_remove(chief, guest.public.pseudonym, &outcome, NULL));
    assert_true(outcome.done);
    cv_vault_close(chief);
    assert_status(cv_vault_begin(v, &err), CV_ERR_NOKEY);
    cv_vault_close(v);
    cv_identity_free(&guest);
}

/* An agent that is locked after so many signatures more; -1: never. */
static atomic_int signs_left = -1;

static cv_status agent_sign(void *arg, struct cv_bytes msg, uint8_t sig[static CV_ED25519_SIG_BYTES])
{
    if (atomic_load(&signs_left) >= 0 && atomic_fetch_sub(&signs_left, 1) <= 0) {
        atomic_store(&signs_left, 0);
        return CV_ERR_IO;
    }
    return cv_identity_sign(arg, msg, sig);
}

static cv_status agent_unseal(void *arg, struct cv_bytes info, struct cv_bytes sealed, struct cv_secret *out)
{
    return cv_identity_unseal(arg, info, sealed, out);
}

static cv_status agent_derive(void *arg, struct cv_bytes salt, struct cv_bytes info, struct cv_secret *out)
{
    return cv_identity_derive(arg, salt, info, out);
}

/* A commit whose agent is locked while its records are made is not stored, and says why; the next one is. */
static void locked_between(void **state)
{
    static const struct cv_identity_agent agent = { agent_sign, agent_unseal, agent_derive, NULL };
    const struct cv_identity far = { .public = custodian.public, .agent = &agent, .agent_arg = &custodian };
    struct cv_err err = { 0 };
    struct cv_stored out;
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&far);
    const size_t before = listed(v);
    assert_ok(cv_vault_begin(v, NULL));
    atomic_store(&signs_left, 3);
    for (size_t i = 0; i < 8; i++) {
        struct cv_json *record = parsed(PERSON("Nobody"));
        assert_ok(cv_record_put(v, record, &out, NULL));
        cv_json_free(record);
    }
    assert_status(cv_vault_commit(v, &err), CV_ERR_IO);
    if (strstr(err.msg, "casevault unlock") == NULL)
        fail_msg("%s", err.msg);
    atomic_store(&signs_left, -1);
    assert_int_equal(listed(v), before);
    strcpy(id, stored(v, PERSON("Nada")));
    assert_int_equal(listed(v), before + 1);
    check_name(v, id, "Nada");
    cv_vault_close(v);
}

/* What the index says of a signature holds for that entry, that JWT and that author alone. */
static void verified_once(void **state)
{
    struct cv_versions list;
    struct cv_record r;
    uint8_t jwt[CV_SHA256_BYTES];
    char id[CV_ID_TEXT_BYTES];
    bool is = false;
    (void)state;
    struct cv_vault *v = opened(&custodian);
    strcpy(id, stored(v, PERSON("Lena")));
    assert_ok(cv_record_versions(v, id, &list, NULL));
    assert_int_equal(list.count, 1);
    assert_ok(cv_record_read(v, id, 0, NULL, "read", NULL, &r, NULL));
    assert_ok(cv_sha256(cv_json_text(cv_json_get(r.sources[0].head, "jwt")), jwt));
    const struct {
        uint64_t index;
        const char *id, *author;
        uint8_t flip;
        bool want;
    } rows[] = {
        { list.v[0].index, id, custodian.public.pseudonym, 0, true },
        { list.v[0].index, id, custodian.public.pseudonym, 1, false },
        { list.v[0].index, id, legal.public.pseudonym, 0, false },
        { list.v[0].index + 1, id, custodian.public.pseudonym, 0, false },
        { list.v[0].index, "00000000000000000000000000", custodian.public.pseudonym, 0, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        jwt[31] ^= rows[i].flip;
        assert_ok(cv_head_verified(v, rows[i].index, rows[i].id, jwt, rows[i].author, &is));
        jwt[31] ^= rows[i].flip;
        if (is != rows[i].want)
            fail_msg("row %zu", i);
    }
    /* Another member's index says nothing to this one. */
    struct cv_vault *other = opened(&legal);
    assert_ok(cv_head_verified(other, list.v[0].index, id, jwt, custodian.public.pseudonym, &is));
    assert_false(is);
    cv_vault_close(other);
    cv_record_free(&r);
    cv_versions_free(&list);
    cv_vault_close(v);
}

/* A legal officer whose program forgets the rules writes what only others may: the commit is well formed and
 * signed by a member, and every reader refuses it by name. */
static void forged_right(void **state)
{
    struct cv_record r;
    struct cv_err err = { 0 };
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&legal);
    struct cv_json *record = parsed("{\"type\":\"person\",\"identity\":{\"first_name\":\"Ana\"}}");
    struct cv_stored out;
    assert_status(cv_record_add(v, record, NULL, &out, &err), CV_ERR_DENIED);
    struct cv_policy *p = v->custody->chain.policy;
    for (size_t i = 0; i < p->section_count; i++)
        p->sections[i].create |= cv_policy_role_bit(p, "legal");
    if (cv_record_add(v, record, NULL, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    strcpy(id, out.id);
    cv_json_free(record);
    cv_vault_close(v);

    v = opened(&custodian);
    err = (struct cv_err){ 0 };
    assert_status(cv_record_read(v, id, 0, NULL, "read", NULL, &r, &err), CV_ERR_LOG);
    assert_non_null(strstr(err.msg, "who could not"));
    assert_non_null(strstr(err.msg, legal.public.pseudonym));
    cv_vault_close(v);
}

/* The same by emptying what only others may write: an empty section says nothing in a new record, but takes
 * away in an old one. */
static void forged_emptiness(void **state)
{
    struct cv_record r;
    struct cv_stored out;
    struct cv_err err = { 0 };
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&custodian);
    strcpy(id, stored(v, PERSON("Ana")));
    cv_vault_close(v);
    v = opened(&legal);
    struct cv_json *nothing = parsed("{\"identity\":{}}");
    const struct cv_edit change = { .sections = nothing };
    assert_status(cv_record_edit(v, id, &change, NULL, &out, &err), CV_ERR_DENIED);
    struct cv_policy *p = v->custody->chain.policy;
    for (size_t i = 0; i < p->section_count; i++)
        p->sections[i].edit |= cv_policy_role_bit(p, "legal");
    assert_ok(cv_record_edit(v, id, &change, NULL, &out, NULL));
    assert_int_equal(out.version, 2);
    cv_json_free(nothing);
    cv_vault_close(v);

    v = opened(&custodian);
    err = (struct cv_err){ 0 };
    assert_status(cv_record_read(v, id, 0, NULL, "read", NULL, &r, &err), CV_ERR_LOG);
    assert_non_null(strstr(err.msg, "section identity was written by"));
    assert_ok(cv_record_read(v, id, 1, NULL, "read", NULL, &r, NULL));
    cv_record_free(&r);
    cv_vault_close(v);
}

/* past(v, walk, id): how often it comes to that record, in its order. */
static size_t past(struct cv_vault *v, const struct cv_head_walk *walk, const char *id,
                   struct cv_version *last)
{
    size_t n = 0;
    for (size_t i = 0; i < walk->count; i++) {
        struct cv_version version;
        assert_true(i == 0 || walk->step[i - 1].index < walk->step[i].index);
        assert_ok(cv_head_walk_at(v, walk, i, &version, NULL));
        assert_int_equal(version.index, walk->step[i].index);
        if (strcmp(version.id, id) == 0) {
            n++;
            *last = version;
            last->carried = NULL;
        }
        cv_version_free(&version);
    }
    return n;
}

/* check_walk(v, id, lost): past every version of all records, what claims a version is told of and not come
 * to; past the last ones only the last; and what comes later is not in it. */
static void check_walk(struct cv_vault *v, const char *id, uint64_t lost)
{
    struct cv_head_walk all, last, types, cases;
    struct cv_version version = { 0 };
    struct cv_stored out;
    struct cv_json *edit = parsed("{\"identity\":{\"first_name\":\"Ana Maria\"}}");
    const struct cv_edit change = { .sections = edit };
    assert_ok(cv_head_walk(v, NULL, false, &all, NULL));
    assert_ok(cv_record_edit(v, id, &change, NULL, &out, NULL));
    assert_int_equal(all.lost_count, 1);
    assert_int_equal(all.lost[0].index, lost);
    assert_string_equal(all.lost[0].id, id);
    assert_int_equal(past(v, &all, id, &version), 1);
    assert_string_equal(version.author, custodian.public.pseudonym);
    cv_head_walk_free(&all);
    assert_ok(cv_head_walk(v, NULL, false, &all, NULL));
    assert_int_equal(past(v, &all, id, &version), 2);
    assert_ok(cv_head_walk(v, NULL, true, &last, NULL));
    assert_int_equal(past(v, &last, id, &version), 1);
    assert_int_equal(version.version, 2);
    assert_ok(cv_head_walk(v, "person", true, &types, NULL));
    assert_int_equal(types.lost_count, 1);
    assert_int_equal(past(v, &types, id, &version), 1);
    assert_ok(cv_head_walk(v, "case", true, &cases, NULL));
    assert_int_equal(cases.lost_count, 1);
    assert_int_equal(past(v, &cases, id, &version), 0);
    cv_head_walk_free(&all);
    cv_head_walk_free(&last);
    cv_head_walk_free(&types);
    cv_head_walk_free(&cases);
    cv_json_free(edit);
}

/* Two entries claim one id: a writer whose index was behind did not know that it was taken. The first in the
 * log is the record, for whoever reads; the other is told of, and neither of them hides the record. */
static void claimed_twice(void **state)
{
    struct cv_versions list;
    struct cv_stored out;
    struct cv_err err = { 0 };
    char id[CV_ID_TEXT_BYTES], text[256];
    uint64_t lost = 0;
    (void)state;
    struct cv_vault *v = opened(&legal), *first = opened(&custodian);
    assert_ok(cv_record_ready(v, NULL)); /* and from here on it knows no more */
    strcpy(id, stored(first, PERSON("Ana")));
    snprintf(text, sizeof(text), "{\"type\":\"person\",\"id\":\"%s\",\"legal\":{\"notes\":\"mine\"}}", id);
    struct cv_json *record = parsed(text);
    assert_ok(cv_vault_begin(v, NULL));
    if (cv_record_put(v, record, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_ok(cv_vault_commit(v, NULL));
    assert_string_equal(out.id, id);
    assert_status(cv_record_add(v, record, NULL, &out, NULL), CV_ERR_EXISTS);
    cv_json_free(record);

    check_name(first, id, "Ana");
    for (int all = 0; all < 2; all++) {
        assert_ok(cv_record_versions(first, all ? NULL : id, &list, NULL));
        assert_int_equal(list.lost_count, 1);
        assert_string_equal(list.lost[0].id, id);
        assert_string_equal(list.lost[0].author, legal.public.pseudonym);
        assert_int_equal(list.lost[0].version, 1);
        lost = list.lost[0].index;
        size_t same = 0;
        for (size_t i = 0; i < list.count; i++)
            if (strcmp(list.v[i].id, id) == 0) {
                same++;
                assert_string_equal(list.v[i].author, custodian.public.pseudonym);
                assert_true(list.v[i].index < list.lost[0].index);
            }
        assert_int_equal(same, 1);
        cv_versions_free(&list);
    }
    check_walk(first, id, lost);
    cv_vault_close(v);
    cv_vault_close(first);
}

/* What a page, or an export, takes of many. */
static cv_status take_name(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    (void)of;
    *(size_t *)arg += cv_json_get(data, "first_name") != NULL;
    return CV_OK;
}
static const char *identity(void *arg, const struct cv_version *of)
{
    (void)arg;
    (void)of;
    return "identity";
}
static cv_status take_whole(void *arg, const struct cv_record *r)
{
    *(size_t *)arg += cv_json_get(cv_record_section(r, "identity"), "first_name") != NULL;
    return CV_OK;
}

/* An act on very many records is told by several events; each is there before what it names is opened. */
static void told_in_turns(void **state)
{
    struct cv_head_walk walk;
    size_t seen = 0, exported = 0, ids = 0;
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const struct cv_glance glance = { "list", "titles", NULL, identity, take_name, &seen, NULL, false };
    const struct cv_export export = { .detail = "to a file", .take = take_whole, .arg = &exported };
    for (int i = 0; i < 7; i++)
        stored(v, PERSON("Ana"));
    assert_ok(cv_head_walk(v, "person", true, &walk, NULL));
    assert_true(walk.count > 7); /* the others are forged, some of them */
    memmove(walk.step, walk.step + walk.count - 7, 7 * sizeof(*walk.step));
    walk.count = 7;
    cv_event_named_most = 3;
    const uint64_t before = v->custody->counts[CV_KIND_EVENT], from = v->custody->chain.next;
    assert_ok(cv_glance_walk(v, &glance, &walk, NULL));
    assert_int_equal(v->custody->counts[CV_KIND_EVENT], before + 3);
    assert_ok(cv_export(v, &export, &walk, NULL));
    assert_int_equal(v->custody->counts[CV_KIND_EVENT], before + 6);
    cv_event_named_most = 4000;
    assert_int_equal(seen, 7);
    assert_int_equal(exported, 7);
    uint64_t at = from, index;
    while (cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_EVENT, at, &index, NULL) == CV_OK) {
        struct cv_json *event, *text;
        assert_ok(cv_event_read(v, index, &event, &text, NULL));
        assert_in_range(cv_json_len(cv_json_get(event, "ids")), 1, 3);
        ids += cv_json_len(cv_json_get(event, "ids"));
        cv_json_free(event);
        cv_json_free(text);
        at = index + 1;
    }
    assert_int_equal(ids, 14);
    cv_head_walk_free(&walk);
    cv_vault_close(v);
}

/* An export that goes on past faults. */
struct past {
    size_t faults, whole;
};
static cv_status count_fault(void *arg, const struct cv_version *of, const char *what)
{
    assert_true(of->id[0] != '\0' && what[0] != '\0');
    ((struct past *)arg)->faults++;
    return CV_OK;
}
static cv_status count_whole(void *arg, const struct cv_record *r)
{
    (void)r;
    ((struct past *)arg)->whole++;
    return CV_OK;
}

/* Whoever asks for faults is told of each, and gets the others, whichever event names them; else the first
 * ends it. */
static void past_faults(void **state)
{
    struct cv_head_walk walk;
    struct past past = { 0, 0 };
    struct cv_export export = { .detail = "to a file", .take = count_whole, .arg = &past };
    (void)state;
    struct cv_vault *v = opened(&custodian);
    assert_ok(cv_head_walk(v, "person", true, &walk, NULL));
    cv_event_named_most = 3;
    assert_status(cv_export(v, &export, &walk, NULL), CV_ERR_LOG);
    past = (struct past){ 0, 0 };
    export.fault = count_fault;
    assert_ok(cv_export(v, &export, &walk, NULL));
    cv_event_named_most = 4000;
    assert_true(past.faults > 0 && past.whole > 7);
    assert_int_equal(past.faults + past.whole, walk.count);
    cv_head_walk_free(&walk);
    cv_vault_close(v);
}

/* An id of one's own is for those who can know which are taken. */
static void own_id(void **state)
{
    struct cv_stored out;
    struct cv_err err = { 0 };
    (void)state;
    struct cv_vault *v = opened(&intake);
    struct cv_json *record = parsed("{\"type\":\"person\",\"id\":\"000000000000000000000000000\","
                                    "\"identity\":{\"first_name\":\"Ana\"}}");
    assert_status(cv_record_add(v, record, NULL, &out, &err), CV_ERR_DENIED);
    assert_non_null(strstr(err.msg, "the id is chosen by casevault"));
    cv_json_free(record);
    cv_vault_close(v);
}

/* imported(v, from): a record of an import, with its mark. */
static void imported(struct cv_vault *v, const struct cv_imported *from)
{
    const struct cv_import how = { from, true };
    struct cv_stored out;
    struct cv_json *record = parsed(PERSON("Marked"));
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_record_put_from(v, record, &how, &out, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    cv_json_free(record);
}

/* A mark of an import shows its digest and its file to who reads all that it hangs on, whoever brought it; to
 * anybody else a digest that nothing has. */
static void imported_marks(void **state)
{
    enum { ADMIN = 1, IDENTITY = 2, CONTACT = 4, EVIDENCE = 64, MEDICAL = 128 };
    static const struct {
        uint64_t sections;
        bool legal; /* shown to who reads admin and identity of these; the founder reads all */
    } rows[] = {
        { ADMIN, true },
        { IDENTITY, true },
        { ADMIN | IDENTITY, true },
        { CONTACT, false },
        { IDENTITY | CONTACT, false },
        { ADMIN | MEDICAL, false },
        { EVIDENCE | ADMIN, true }, /* of which a person has none: another record of the row fills it */
    };
    (void)state;
    struct cv_vault *writer = opened(&intake), *readers[] = { opened(&custodian), opened(&legal) };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_imported from = { .file = 7 + i, .sections = rows[i].sections };
        memset(from.digest, (int)i + 1, sizeof(from.digest));
        imported(writer, &from);
        for (size_t k = 0; k < 2; k++) {
            struct cv_heads_sources sources = { 0 };
            struct cv_before before;
            assert_ok(cv_custody_refresh(readers[k]->custody, NULL));
            assert_ok(cv_heads_catch_up(readers[k], NULL));
            assert_ok(cv_heads_sources_open(readers[k], &sources, NULL));
            assert_ok(cv_heads_source(readers[k], &sources, from.digest, &before, NULL));
            assert_int_equal(before.known, k == 0 || rows[i].legal);
            assert_true(!before.known || before.file == from.file);
            cv_secret_free(&sources.key);
        }
    }
    cv_vault_close(writer);
    cv_vault_close(readers[0]);
    cv_vault_close(readers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_sessions),     cmocka_unit_test(two_sessions),
        cmocka_unit_test(ended_early),       cmocka_unit_test(forged_right),
        cmocka_unit_test(forged_emptiness),  cmocka_unit_test(own_id),
        cmocka_unit_test(claimed_twice),     cmocka_unit_test(told_in_turns),
        cmocka_unit_test(past_faults),       cmocka_unit_test(imported_marks),
        cmocka_unit_test(own_heads),         cmocka_unit_test(verified_once),
        cmocka_unit_test(forgotten_between), cmocka_unit_test(locked_between),
        cmocka_unit_test(removed_between),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, found, gone);
}
