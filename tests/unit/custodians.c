/* Members who do not keep to the program: what the log, the keys and the other members make of it. Each test
 * has a copy of one vault for itself, since some leave it so that nobody opens it any more. */
#include "test.h"

#include <inttypes.h>
#include <unistd.h>

#include "crypto/cobblestone.h"
#include "formats/base64.h"
#include "vault/contents.h"
#include "vault/erase.h"
#include "vault/grant.h"
#include "vault/members.h"
#include "vault/notice.h"

static char place[96];
static struct cv_identity custodian, second, third, intake, legal;
static char fingerprint[CV_FINGERPRINT_BYTES];
static char person[CV_ID_TEXT_BYTES], other[CV_ID_TEXT_BYTES];

static const char *in_place(const char *name)
{
    static char path[4][160];
    static unsigned at;
    char *out = path[at++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", place, name);
    return out;
}

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
    char command[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

/* user(name): somebody of their own, who remembers and has cached nothing of what others did. */
static void user(const char *name)
{
    char dir[64];
    snprintf(dir, sizeof(dir), "cache-%s", name);
    setenv("XDG_CACHE_HOME", in_place(dir), 1);
    snprintf(dir, sizeof(dir), "state-%s", name);
    setenv("XDG_STATE_HOME", in_place(dir), 1);
}

static struct cv_vault *opened(const struct cv_identity *id)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    if (cv_vault_open(in_place("vault"), fingerprint, id, &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

/* refused_to(who, words): a user who comes new to it finds the vault tampered with; so does an auditor
 * without any key. */
static void refused_to(const struct cv_identity *id, const char *words)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    struct cv_audit audit;
    user("honest");
    assert_status(cv_vault_open(in_place("vault"), fingerprint, id, &v, &err), CV_ERR_LOG);
    if (strstr(err.msg, words) == NULL)
        fail_msg("%s is not in: %s", words, err.msg);
    err = (struct cv_err){ 0 };
    assert_status(cv_audit_verify(in_place("vault"), NULL, NULL, NULL, NULL, &audit, &err), CV_ERR_LOG);
    assert_non_null(strstr(err.msg, words));
}

static struct cv_json *parsed(const char *text)
{
    struct cv_json *v = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), strlen(text), "test", &v, NULL));
    return v;
}

static void store(struct cv_vault *v, const char *name, char id[static CV_ID_TEXT_BYTES])
{
    char text[200];
    struct cv_stored out;
    struct cv_err err = { 0 };
    snprintf(
        text, sizeof(text),
        "{\"type\":\"person\",\"identity\":{\"first_name\":\"%s\"},\"contact\":{\"shelter\":\"%s House\"}}",
        name, name);
    struct cv_json *record = parsed(text);
    if (cv_record_add(v, record, NULL, &out, &err) != CV_OK)
        fail_msg("%s", err.msg);
    strcpy(id, out.id);
    cv_json_free(record);
}

/* reads(v, id, section, err): what reading one section of a record says. */
static cv_status reads(struct cv_vault *v, const char *id, const char *section, struct cv_err *err)
{
    const char *const sections[] = { section, NULL };
    struct cv_record r;
    *err = (struct cv_err){ 0 };
    cv_status st = cv_record_read(v, id, 0, sections, "read", NULL, &r, err);
    if (st == CV_OK)
        assert_non_null(cv_record_section(&r, section));
    cv_record_free(&r);
    return st;
}

static void must_read(struct cv_vault *v, const char *id, const char *section)
{
    struct cv_err err;
    if (reads(v, id, section, &err) != CV_OK)
        fail_msg("%s", err.msg);
}

/* append(v, kind, data): a commit that no honest program makes. */
static void append(struct cv_vault *v, enum cv_kind kind, struct cv_bytes data)
{
    static const uint8_t bind[32];
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_custody_add(v->custody, kind, data, kind == CV_KIND_RECORD ? bind : NULL, NULL, NULL));
    assert_ok(cv_vault_commit(v, NULL));
}

/* last(v, kind, out): the data of the last entry of a kind. */
static uint64_t last(struct cv_vault *v, enum cv_kind kind, struct cv_buf *out)
{
    uint64_t index = 0, at = 0, found = 0;
    while (cv_catalog_next(cv_custody_catalog(v->custody), kind, at, &index, NULL) == CV_OK) {
        found = index;
        at = index + 1;
    }
    cv_buf_truncate(out, 0);
    assert_ok(cv_custody_read(v->custody, found, kind, out, NULL));
    return found;
}

/* ---- the vault ---- */

static int found(void **state)
{
    static const char *const as_intake[] = { "intake", NULL }, *const as_legal[] = { "legal", NULL };
    struct cv_identity *const all[] = { &custodian, &second, &third, &intake, &legal };
    struct cv_err err = { 0 };
    struct cv_outcome outcome;
    (void)state;
    const char *dir = getenv("TMPDIR");
    snprintf(place, sizeof(place), "%s/casevault-unit-XXXXXX", dir != NULL ? dir : "/tmp");
    if (mkdtemp(place) == NULL)
        return -1;
    user("base");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_ok(cv_identity_new(true, all[i], NULL));
    if (cv_vault_init(in_place("vault"), cv_template_default_text(), &custodian, &err) != CV_OK)
        fail_msg("%s", err.msg);
    struct cv_vault *v = opened(&custodian);
    cv_vault_fingerprint(cv_vault_policy(v)->vault, fingerprint);
    assert_ok(cv_members_add(v, &intake.public, as_intake, &outcome, NULL));
    assert_ok(cv_members_add(v, &legal.public, as_legal, &outcome, NULL));
    store(v, "Ana", person);
    store(v, "Mira", other);
    cv_vault_close(v);
    shell("mv %s %s", in_place("vault"), in_place("base"));
    return 0;
}

static int gone(void **state)
{
    (void)state;
    cv_identity_free(&custodian);
    cv_identity_free(&second);
    cv_identity_free(&third);
    cv_identity_free(&intake);
    cv_identity_free(&legal);
    shell("rm -rf %s", place);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    shell("rm -rf %s %s/cache-* %s/state-*", in_place("vault"), place, place);
    shell("cp -r %s %s", in_place("base"), in_place("vault"));
    user("one");
    return 0;
}

/* ---- grants ---- */

/* in_twin(until, out): the entry of a grant of `contact` to the legal officer, made in a twin of the vault.
 */
static void in_twin(const char *until, struct cv_buf *out)
{
    struct cv_err err = { 0 };
    const struct cv_granting g = {
        .record = person, .section = "contact", .to = legal.public.pseudonym, .until = until
    };
    shell("cp -r %s %s", in_place("vault"), in_place("twin"));
    user("twin");
    struct cv_vault *v = opened(&custodian);
    if (cv_grant_give(v, &g, &err) != CV_OK)
        fail_msg("%s", err.msg);
    last(v, CV_KIND_GRANT, out);
    cv_vault_close(v);
    shell("rm -rf %s %s/*-twin", in_place("vault"), place);
    shell("mv %s %s", in_place("twin"), in_place("vault"));
    user("one");
}

/* ending(v, data, until, out): the same grant with another last day, as only its maker or recipient could. */
static void ending(struct cv_vault *v, struct cv_bytes data, const char *until, struct cv_buf *out)
{
    struct cv_grant g;
    struct cv_secret key;
    struct cv_buf context = { 0 }, plain = { 0 }, sealed = { 0 };
    assert_ok(cv_grant_parse(data, &g, NULL));
    assert_ok(cv_keyring_grant_key(v->keys, &g.seal, &key, NULL));
    assert_ok(cv_grant_context(&g, cv_vault_policy(v)->vault_id, &context));
    assert_ok(cv_cobblestone_open(cv_secret_view(&key), cv_buf_view(&context), g.items, &plain));
    strcpy(g.until, until);
    cv_buf_truncate(&context, 0);
    assert_ok(cv_grant_context(&g, cv_vault_policy(v)->vault_id, &context));
    assert_ok(cv_cobblestone_seal(cv_secret_view(&key), cv_buf_view(&context), cv_buf_view(&plain), &sealed));
    g.items = cv_buf_view(&sealed);
    assert_ok(cv_grant_write(&g, out));
    cv_grant_free(&g);
    cv_secret_free(&key);
    cv_buf_free(&context);
    cv_buf_free(&plain);
    cv_buf_free(&sealed);
}

/* A grant whose last day has passed opens nothing, and says so. */
static void grant_over(void **state)
{
    struct cv_buf data = { 0 }, past = { 0 };
    struct cv_err err;
    (void)state;
    in_twin(NULL, &data);
    struct cv_vault *v = opened(&legal);
    assert_status(reads(v, person, "contact", &err), CV_ERR_NOKEY);
    assert_null(strstr(err.msg, "over"));
    ending(v, cv_buf_view(&data), "2020-02-02", &past);
    append(v, CV_KIND_GRANT, cv_buf_view(&past));
    assert_status(reads(v, person, "contact", &err), CV_ERR_NOKEY);
    assert_non_null(strstr(err.msg, "the grant that opened the section contact to you is over"));
    must_read(v, person, "identity"); /* what a role reads is not touched by it */
    append(v, CV_KIND_GRANT, cv_buf_view(&data));
    must_read(v, person, "contact"); /* another one is not over */
    cv_vault_close(v);
    cv_buf_free(&data);
    cv_buf_free(&past);
}

/* Somebody else writes a later day into a grant: it opens nothing. */
static void grant_prolonged(void **state)
{
    struct cv_buf data = { 0 }, past = { 0 }, later = { 0 };
    struct cv_grant g;
    struct cv_err err;
    (void)state;
    in_twin(NULL, &data);
    struct cv_vault *v = opened(&legal);
    ending(v, cv_buf_view(&data), "2020-02-02", &past);
    assert_ok(cv_grant_parse(cv_buf_view(&past), &g, NULL));
    strcpy(g.until, "2999-02-02");
    assert_ok(cv_grant_write(&g, &later));
    append(v, CV_KIND_GRANT, cv_buf_view(&later));
    assert_status(reads(v, person, "contact", &err), CV_ERR_NOKEY);
    cv_vault_close(v);
    cv_grant_free(&g);
    cv_buf_free(&data);
    cv_buf_free(&past);
    cv_buf_free(&later);
}

/* lie(v, entry, out): a grant of keys that open nothing. */
static void lie(struct cv_vault *v, uint64_t entry, struct cv_buf *out)
{
    struct cv_grant g = { .policy = cv_vault_policy(v)->number, .handle = { 1, 2, 3 } };
    struct cv_secret key;
    struct cv_buf context = { 0 }, sealed_key = { 0 }, sealed = { 0 };
    char items[512];
    snprintf(
        items, sizeof(items),
        "{\"by\":\"m00000000\",\"record\":\"%s\",\"type\":\"person\",\"section\":\"contact\",\"items\":[{"
        "\"entry\":%llu,\"version\":1,\"keys\":{\"head\":\"%.43s\",\"contact\":\"%.43s\"}}]}",
        person, (unsigned long long)entry, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    g.seal = (struct cv_seal){ .to_kind = "member" };
    strcpy(g.seal.to, legal.public.pseudonym);
    cv_grant_name(&g);
    assert_ok(cv_secret_random(&key, 32));
    assert_ok(
        cv_seal_secret(cv_vault_policy(v), &g.seal, &legal.public.seal, cv_secret_view(&key), &sealed_key));
    assert_ok(cv_grant_context(&g, cv_vault_policy(v)->vault_id, &context));
    assert_ok(cv_cobblestone_seal(cv_secret_view(&key), cv_buf_view(&context), cv_bytes_str(items), &sealed));
    g.seal.sealed = cv_buf_view(&sealed_key);
    g.items = cv_buf_view(&sealed);
    assert_ok(cv_grant_write(&g, out));
    cv_secret_free(&key);
    cv_buf_free(&context);
    cv_buf_free(&sealed_key);
    cv_buf_free(&sealed);
}

/* A grant that lies does not hide the one that does not. */
static void grant_lies(void **state)
{
    struct cv_versions versions;
    struct cv_buf data = { 0 };
    struct cv_err err;
    const struct cv_granting g = { .record = person, .section = "contact", .to = legal.public.pseudonym };
    (void)state;
    struct cv_vault *v = opened(&custodian);
    assert_ok(cv_record_versions(v, person, &versions, NULL));
    lie(v, versions.v[0].index, &data);
    cv_versions_free(&versions);
    append(v, CV_KIND_GRANT, cv_buf_view(&data));
    cv_vault_close(v);
    v = opened(&legal);
    assert_int_not_equal(reads(v, person, "contact", &err), CV_OK);
    cv_vault_close(v);
    v = opened(&custodian);
    assert_ok(cv_grant_give(v, &g, NULL));
    cv_vault_close(v);
    v = opened(&legal);
    must_read(v, person, "contact");
    must_read(v, person, "identity");
    cv_vault_close(v);
    cv_buf_free(&data);
}

/* ---- erasures ---- */

/* slot_and_entry(v, id, slot): of its first version. */
static uint64_t slot_and_entry(struct cv_vault *v, const char *id, uint64_t *slot)
{
    struct cv_versions versions;
    assert_ok(cv_record_versions(v, id, &versions, NULL));
    const uint64_t entry = versions.v[0].index;
    assert_ok(cv_record_slot(v, entry, slot, NULL));
    cv_versions_free(&versions);
    return entry;
}

static bool key_there(struct cv_vault *v, uint64_t slot)
{
    struct cv_secret key;
    cv_status st = cv_release_get(&v->custody->release, slot, &key, NULL);
    cv_secret_free(&key);
    return st == CV_OK;
}

/* an_intent(v, entry, slot, out): the data of an erase entry, signed by v's member. */
static void an_intent(struct cv_vault *v, uint64_t entry, uint64_t slot, struct cv_buf *out)
{
    struct cv_erased_version version = { entry, slot };
    const struct cv_erasure e = {
        .policy = cv_vault_policy(v)->number, .versions = &version, .count = 1, .expires = "2031-02-03"
    };
    struct cv_proposal p = { .act = CV_ACT_ERASE };
    assert_ok(cv_erasure_text(&e, cv_vault_policy(v)->vault, &p.text));
    assert_ok(cv_change_sign(v, &p, NULL, NULL));
    assert_ok(cv_proposal_note(&p, out));
    cv_proposal_free(&p);
}

/* The machine stops between the intent and the tombstone: the next opening does the rest. */
static void erase_crash(void **state)
{
    struct cv_buf data = { 0 };
    struct cv_err err;
    uint64_t slot, others;
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const uint64_t entry = slot_and_entry(v, person, &slot);
    slot_and_entry(v, other, &others);
    an_intent(v, entry, slot, &data);
    append(v, CV_KIND_ERASE, cv_buf_view(&data));
    assert_true(key_there(v, slot));
    cv_vault_close(v);
    v = opened(&legal); /* whoever comes */
    assert_false(key_there(v, slot));
    assert_true(key_there(v, others));
    assert_int_equal(v->custody->counts[CV_KIND_TOMBSTONE], 1);
    assert_int_not_equal(reads(v, person, "identity", &err), CV_OK);
    must_read(v, other, "identity");
    cv_vault_close(v);
    user("honest");
    v = opened(&custodian);
    assert_int_equal(v->custody->counts[CV_KIND_TOMBSTONE], 1); /* not twice */
    must_read(v, other, "identity");
    cv_vault_close(v);
    cv_buf_free(&data);
}

/* erase(v, id): as the program does it. */
static void erase(struct cv_vault *v, const char *id)
{
    struct cv_erase_plan plan;
    struct cv_outcome outcome;
    struct cv_err err = { 0 };
    assert_ok(cv_erase_plan(v, id, &(struct cv_erase_which){ 0 }, &plan, NULL));
    if (cv_erase_ask(v, &plan, "asked", &outcome, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_true(outcome.done);
    cv_erase_plan_free(&plan);
}

static void on_lie(void *arg, uint64_t entry)
{
    *(uint64_t *)arg = entry;
}

/* An intent that names the key of another version, or no version: nothing is destroyed, and it is named. */
static void erase_bogus(void **state)
{
    struct cv_buf data = { 0 };
    uint64_t slot, others;
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct cv_err err = { 0 };
        fresh(NULL);
        struct cv_vault *v = opened(&custodian);
        const uint64_t entry = slot_and_entry(v, person, &slot);
        slot_and_entry(v, other, &others);
        cv_buf_truncate(&data, 0);
        an_intent(v, kind == 0 ? entry : kind == 1 ? 1 : 999999, kind == 0 ? others : slot, &data);
        append(v, CV_KIND_ERASE, cv_buf_view(&data));
        uint64_t told = 0;
        if (cv_erase_complete(v, &err) != CV_OK)
            fail_msg("%s", err.msg);
        assert_ok(cv_erase_lies(v, on_lie, &told, NULL));
        assert_int_equal(told, v->custody->chain.next - 2);
        assert_int_equal(v->custody->counts[CV_KIND_TOMBSTONE], 0);
        assert_true(key_there(v, slot) && key_there(v, others));
        cv_vault_close(v);
        /* Nobody is kept out by it, and what is erased truly, later, is. */
        v = opened(&legal);
        must_read(v, person, "identity");
        cv_vault_close(v);
        v = opened(&custodian);
        erase(v, person);
        assert_false(key_there(v, slot));
        assert_true(key_there(v, others));
        cv_vault_close(v);
    }
    cv_buf_free(&data);
}

/* A proposal that names the key of another version is shown to nobody, and cannot be approved. */
static void erase_bogus_proposal(void **state)
{
    struct cv_waiting w = { .proposal.act = CV_ACT_ERASE };
    struct cv_erased_version version;
    struct cv_outcome outcome;
    uint64_t slot;
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const uint64_t entry = slot_and_entry(v, person, &slot);
    version = (struct cv_erased_version){ entry, slot + 1 };
    const struct cv_erasure e = {
        .policy = cv_vault_policy(v)->number, .versions = &version, .count = 1, .expires = "2931-02-03"
    };
    assert_ok(cv_erasure_text(&e, cv_vault_policy(v)->vault, &w.proposal.text));
    assert_ok(cv_change_sign(v, &w.proposal, NULL, NULL));
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_change_propose(v, &w, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    assert_int_equal(cv_change_waits(v), 0);
    assert_status(cv_change_approve(v, w.index, &outcome, NULL), CV_ERR_NOTFOUND);
    assert_true(key_there(v, slot) && key_there(v, slot + 1));
    cv_waiting_free(&w);
    cv_vault_close(v);
}

/* An erase entry signed by somebody who may not erase. */
static void erase_too_few(void **state)
{
    struct cv_buf data = { 0 };
    uint64_t slot;
    (void)state;
    struct cv_vault *v = opened(&legal);
    const uint64_t entry = slot_and_entry(v, person, &slot);
    an_intent(v, entry, slot, &data);
    append(v, CV_KIND_ERASE, cv_buf_view(&data));
    refused_to(&custodian, "an erasure that too few have signed");
    assert_true(key_there(v, slot));
    cv_vault_close(v);
    cv_buf_free(&data);
}

/* Tombstones that nobody owes: before an erasure, and with an intent in place of destroying. */
static void erase_escaped(void **state)
{
    struct cv_buf data = { 0 }, stone = { 0 };
    uint64_t slot, others;
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const uint64_t entry = slot_and_entry(v, person, &slot);
    slot_and_entry(v, other, &others);
    cv_vault_close(v);
    v = opened(&legal);
    assert_ok(cv_tombstone_write(7, &stone));
    append(v, CV_KIND_TOMBSTONE, cv_buf_view(&stone));
    cv_vault_close(v);
    v = opened(&custodian);
    erase(v, other);
    assert_false(key_there(v, others));

    an_intent(v, entry, slot, &data);
    assert_ok(cv_vault_begin(v, NULL));
    cv_buf_truncate(&stone, 0);
    assert_ok(cv_tombstone_write(cv_custody_next(v->custody), &stone));
    assert_ok(cv_custody_add(v->custody, CV_KIND_ERASE, cv_buf_view(&data), NULL, NULL, NULL));
    assert_ok(cv_custody_add(v->custody, CV_KIND_TOMBSTONE, cv_buf_view(&stone), NULL, NULL, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    assert_true(key_there(v, slot));
    cv_vault_close(v);
    v = opened(&intake);
    assert_false(key_there(v, slot));
    cv_vault_close(v);
    cv_buf_free(&data);
    cv_buf_free(&stone);
}

/* Between the plan and the yes somebody sets a hold, or writes a version. */
static void erase_changed(void **state)
{
    struct cv_erase_plan plan;
    struct cv_outcome outcome;
    struct cv_err err = { 0 };
    (void)state;
    struct cv_vault *v = opened(&custodian), *w = opened(&legal);
    assert_ok(cv_erase_plan(v, person, &(struct cv_erase_which){ 0 }, &plan, NULL));
    assert_ok(cv_hold_set(w, person, true, NULL, NULL));
    assert_status(cv_erase_ask(v, &plan, "x", &outcome, &err), CV_ERR_DENIED);
    assert_non_null(strstr(err.msg, "under a legal hold"));
    assert_ok(cv_hold_set(w, person, false, NULL, NULL));
    struct cv_json *changes = parsed("{\"legal\":{}}");
    err = (struct cv_err){ 0 };
    const struct cv_edit change = { .sections = changes };
    if (cv_record_edit(w, person, &change, NULL, &(struct cv_stored){ 0 }, &err) != CV_OK)
        fail_msg("%s", err.msg);
    cv_json_free(changes);
    err = (struct cv_err){ 0 };
    assert_status(cv_erase_ask(v, &plan, "x", &outcome, &err), CV_ERR_EXISTS);
    assert_non_null(strstr(err.msg, "has changed meanwhile"));
    must_read(v, person, "identity");
    cv_erase_plan_free(&plan);
    cv_vault_close(w);
    cv_vault_close(v);
}

/* A record under the release key of another, which would go along when that one is erased; under one that no
 * commit took, or under none, which no reader could get past. */
static void slot_taken(void **state)
{
    static const struct {
        uint64_t ahead; /* of the keys taken; 0: the slot of an older record */
        const char *refused;
    } rows[] = {
        { 0, "the release key of an older entry" },
        { 3, "does not take the release keys it names" },
        { UINT32_MAX, "does not take the release keys it names" },
        { UINT64_MAX, "under none" },
    };
    struct cv_buf data = { 0 };
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        fresh(NULL);
        struct cv_vault *v = opened(&intake);
        last(v, CV_KIND_RECORD, &data);
        /* Its batch must be one of the policy in force: the last there is. */
        struct cv_buf batch = { 0 };
        const uint64_t at = last(v, CV_KIND_BATCH, &batch);
        for (int i = 0; i < 8; i++) {
            data.p[CV_ENVELOPE_BATCH_AT + i] = (uint8_t)(at >> (56 - 8 * i));
            const uint64_t slot =
                rows[r].ahead == UINT64_MAX ? UINT64_MAX : v->custody->chain.slots + rows[r].ahead;
            if (rows[r].ahead > 0)
                data.p[CV_ENVELOPE_SLOT_AT + i] = (uint8_t)(slot >> (56 - 8 * i));
        }
        append(v, CV_KIND_RECORD, cv_buf_view(&data));
        cv_vault_close(v);
        refused_to(&legal, rows[r].refused);
        cv_buf_free(&batch);
    }
    cv_buf_free(&data);
}

/* Two records under one key, in one commit. */
static void slot_shared(void **state)
{
    static const uint8_t bind[32];
    struct cv_buf data = { 0 };
    (void)state;
    struct cv_vault *v = opened(&intake);
    store(v, "Arta", (char[CV_ID_TEXT_BYTES]){ 0 });
    last(v, CV_KIND_RECORD, &data);
    const uint64_t slot = v->custody->chain.slots;
    for (int i = 0; i < 8; i++)
        data.p[CV_ENVELOPE_SLOT_AT + i] = (uint8_t)(slot >> (56 - 8 * i));
    assert_ok(cv_vault_begin(v, NULL));
    for (int i = 0; i < 2; i++)
        assert_ok(cv_custody_add(v->custody, CV_KIND_RECORD, cv_buf_view(&data), bind, NULL, NULL));
    v->custody->slots = slot + 1;
    assert_ok(cv_vault_commit(v, NULL));
    cv_vault_close(v);
    refused_to(&legal, "the release key of an older entry");
    cv_buf_free(&data);
}

/* A commit that claims more release keys than it has entries: the next writer would fill the file up to them.
 */
static void slots_claimed(void **state)
{
    (void)state;
    struct cv_vault *v = opened(&intake);
    const struct cv_event event = { .action = "test" };
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_event_add(v, &event, NULL));
    v->custody->slots += 1000;
    assert_ok(cv_vault_commit(v, NULL));
    cv_vault_close(v);
    refused_to(&legal, "does not take the release keys it names");
}

/* ---- holds ---- */

static bool is_held(struct cv_vault *v)
{
    char by[CV_PSEUDONYM_BYTES];
    bool held = false;
    assert_ok(cv_hold_of(v, person, "person", &held, by, NULL));
    return held;
}

/* An old `clear` in the log again, as it stands or by somebody who may not, ends no hold. */
static void hold_ended_again(void **state)
{
    struct cv_buf data = { 0 };
    (void)state;
    struct cv_vault *v = opened(&legal);
    assert_ok(cv_hold_set(v, person, true, NULL, NULL));
    assert_ok(cv_hold_set(v, person, false, NULL, NULL));
    last(v, CV_KIND_NOTICE, &data);
    assert_false(is_held(v));
    assert_ok(cv_hold_set(v, person, true, NULL, NULL));
    append(v, CV_KIND_NOTICE, cv_buf_view(&data));
    assert_true(is_held(v));
    cv_vault_close(v);

    v = opened(&intake);
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_notice_add(v, "clear", person, NULL, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    cv_vault_close(v);
    user("honest");
    v = opened(&custodian);
    assert_true(is_held(v));
    cv_vault_close(v);
    cv_buf_free(&data);
}

/* Somebody who did not sign the erasure of a version tells that it was another record's. */
static void erase_told_falsely(void **state)
{
    struct cv_json *erased = NULL;
    uint64_t slot;
    char more[128];
    (void)state;
    struct cv_vault *v = opened(&custodian);
    const uint64_t entry = slot_and_entry(v, other, &slot);
    erase(v, other);
    assert_ok(cv_erased_of(v, other, &erased, NULL));
    assert_int_equal(cv_json_len(erased), 1);
    cv_json_free(erased);
    cv_vault_close(v);
    v = opened(&legal);
    snprintf(more, sizeof(more), "{\"versions\":[{\"version\":7,\"entry\":%llu}]}",
             (unsigned long long)entry);
    struct cv_json *doc = parsed(more);
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_notice_add(v, "erase", person, doc, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    assert_ok(cv_erased_of(v, person, &erased, NULL));
    assert_int_equal(cv_json_len(erased), 0);
    cv_json_free(erased);
    cv_json_free(doc);
    cv_vault_close(v);
}

/* ---- seals ---- */

/* put_seals(v, seal, policy): one seal of rubbish, or of nobody's concern. */
static void put_seal(struct cv_vault *v, struct cv_seal seal, uint64_t number)
{
    struct cv_buf sealed = { 0 }, data = { 0 };
    static const uint8_t rubbish[32] = { 1 };
    const struct cv_policy_role *role = cv_policy_role(cv_vault_policy(v), seal.to);
    const struct cv_key *to = role != NULL ? &role->key : &legal.public.seal;
    assert_ok(cv_seal_secret(cv_vault_policy(v), &seal, to, CV_ARR(rubbish), &sealed));
    seal.sealed = cv_buf_view(&sealed);
    const struct cv_seals doc = { .policy = number, .seals = &seal, .count = 1 };
    assert_ok(cv_seals_write(&doc, &data));
    append(v, CV_KIND_SEALS, cv_buf_view(&data));
    cv_buf_free(&sealed);
    cv_buf_free(&data);
}

static struct cv_seal a_seal(const char *kind, const char *to, uint32_t epoch, const char *of,
                             const char *name, uint32_t of_epoch)
{
    struct cv_seal s = { .to_epoch = epoch, .of_epoch = of_epoch };
    strcpy(s.to_kind, kind);
    strcpy(s.to, to);
    strcpy(s.of_kind, of);
    strcpy(s.of, name);
    return s;
}

/* Seals for keys that are yet to be made are refused by every reader. */
static void seals_ahead(void **state)
{
    (void)state;
    const struct cv_seal rows[] = {
        a_seal("role", "legal", 1, "section", "identity", 2),
        a_seal("role", "legal", 2, "section", "identity", 1),
        a_seal("role", "legal", 1, "log", "log", 9),
        a_seal("role", "nobody", 1, "section", "identity", 1),
        a_seal("role", "legal", 1, "section", "identity", INT32_MAX),
        a_seal("section", "identity", INT32_MAX, "section", "identity", 1),
        a_seal("role", "legal", 1, "section", "identity", 1), /* of another policy */
    };
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    for (size_t i = 0; i < count; i++) {
        fresh(NULL);
        struct cv_vault *v = opened(&intake);
        put_seal(v, rows[i], cv_vault_policy(v)->number + (i + 1 == count));
        cv_vault_close(v);
        refused_to(&legal, "seals that are not of the policy in force");
    }
}

/* And whoever takes them for good, still does not lose what is made new. */
static void seals_ahead_believed(void **state)
{
    struct cv_outcome outcome;
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&intake);
    const uint64_t number = cv_vault_policy(v)->number;
    put_seal(v, a_seal("role", "legal", 2, "section", "identity", 2), number);
    put_seal(v, a_seal("member", legal.public.pseudonym, 0, "role", "legal", 2), number);
    put_seal(v, a_seal("role", "legal", 2, "role", "legal", 1), number);
    put_seal(v, a_seal("section", "identity", 2, "section", "identity", 1), number);
    put_seal(v, a_seal("role", "legal", 2, "log", "log", 2), number);
    cv_vault_close(v);
    v = opened(&custodian);
    assert_ok(cv_members_rotate(v, "legal", &outcome, NULL));
    store(v, "Drita", id);
    cv_vault_close(v);
    v = opened(&legal);
    must_read(v, id, "identity");
    must_read(v, person, "identity");
    cv_vault_close(v);
}

/* Seals that open nothing, in every place where one is looked for: none hides a good one. */
static void seals_bad(void **state)
{
    struct cv_outcome outcome;
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&custodian);
    assert_ok(cv_members_rotate(v, "legal", &outcome, NULL));
    store(v, "Lule", id);
    cv_vault_close(v);
    v = opened(&legal);
    const uint64_t number = cv_vault_policy(v)->number;
    for (uint32_t role = 1; role <= 2; role++)
        for (uint32_t section = 1; section <= 2; section++) {
            put_seal(v, a_seal("role", "legal", role, "section", "identity", section), number);
            put_seal(v, a_seal("role", "legal", role, "section", "head", section), number);
        }
    put_seal(v, a_seal("member", legal.public.pseudonym, 0, "role", "legal", 1), number);
    put_seal(v, a_seal("member", legal.public.pseudonym, 0, "role", "legal", 2), number);
    put_seal(v, a_seal("role", "legal", 2, "role", "legal", 1), number);
    put_seal(v, a_seal("role", "legal", 2, "log", "log", 2), number);
    cv_vault_close(v);
    user("honest");
    v = opened(&legal);
    must_read(v, id, "identity");
    must_read(v, person, "identity");
    cv_vault_close(v);
}

/* A seal of what its maker does not hold can only be rubbish; passing for the true one, it would keep a
 * newcomer, or the shares, out of what is theirs. */
static void seals_by_strangers(void **state)
{
    (void)state;
    const struct cv_seal rows[] = {
        a_seal("member", legal.public.pseudonym, 0, "role", "legal", 1),
        a_seal("member", second.public.pseudonym, 0, "role", "custodian", 1),
        a_seal("role", "recovery", 1, "section", "identity", 1),
        a_seal("role", "legal", 1, "section", "medical", 1),
        a_seal("role", "legal", 1, "export", "export", 1),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fresh(NULL);
        struct cv_vault *v = opened(&intake);
        put_seal(v, rows[i], cv_vault_policy(v)->number);
        cv_vault_close(v);
        refused_to(&legal, "seals a key that whoever signed it does not hold");
    }
}

/* Batch keys for a policy that is over, and entries under keys that are none. */
static void batch_stale(void **state)
{
    struct cv_outcome outcome;
    struct cv_buf data = { 0 };
    (void)state;
    struct cv_vault *v = opened(&custodian);
    last(v, CV_KIND_BATCH, &data);
    assert_ok(cv_members_rotate(v, "legal", &outcome, NULL));
    append(v, CV_KIND_BATCH, cv_buf_view(&data));
    cv_vault_close(v);
    refused_to(&legal, "made under a policy that is not in force");

    fresh(NULL);
    v = opened(&custodian);
    last(v, CV_KIND_EVENT, &data);
    for (int i = 0; i < 8; i++)
        data.p[CV_ENVELOPE_BATCH_AT + i] = 0x7f;
    append(v, CV_KIND_EVENT, cv_buf_view(&data));
    cv_vault_close(v);
    refused_to(&legal, "sealed under keys that stand after it");
    cv_buf_free(&data);
}

/* ---- proposals ---- */

/* A custodian signs, and fills the proposal with lines that are of nobody: the others can sign all the same.
 */
static void proposal_filled(void **state)
{
    static const char *const as_custodian[] = { "custodian", NULL }, *const as_legal[] = { "legal", NULL };
    struct cv_identity guest;
    struct cv_outcome outcome;
    struct cv_waiting w;
    struct cv_buf line = { 0 }, data = { 0 };
    struct cv_err err = { 0 };
    (void)state;
    assert_ok(cv_identity_new(true, &guest, NULL));
    struct cv_vault *v = opened(&custodian);
    assert_ok(cv_members_add(v, &second.public, as_custodian, &outcome, NULL));
    assert_ok(cv_members_add(v, &third.public, as_custodian, &outcome, NULL));
    assert_ok(cv_members_rules(v, &(struct cv_rules){ .quorum = 3, .reason_required = -1 }, &outcome, NULL));
    assert_ok(cv_members_add(v, &guest.public, as_legal, &outcome, NULL));
    assert_false(outcome.done);
    cv_vault_close(v);

    v = opened(&second);
    assert_ok(cv_change_waiting(v, 0, &w, NULL));
    assert_ok(cv_change_sign(v, &w.proposal, &line, NULL));
    while (line.n < 12000)
        assert_ok(cv_buf_str(
            &line, "\xe2\x80\x94 nobody/in/particular AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"));
    assert_ok(cv_approval_write(w.index, cv_buf_view(&line), &data));
    append(v, CV_KIND_APPROVAL, cv_buf_view(&data));
    cv_waiting_free(&w);
    cv_vault_close(v);

    user("honest");
    v = opened(&third);
    assert_ok(cv_change_waiting(v, 0, &w, NULL));
    assert_int_equal(w.have, 2);
    const uint64_t waits = w.index;
    cv_waiting_free(&w);
    if (cv_change_approve(v, waits, &outcome, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_true(outcome.done);
    cv_vault_close(v);
    cv_identity_free(&guest);
    cv_buf_free(&line);
    cv_buf_free(&data);
}

/* A proposal whose seals give the new log key to nobody: whoever would sign it is told, and does not. */
static void proposal_locks_out(void **state)
{
    static const char *const as_custodian[] = { "custodian", NULL };
    struct cv_outcome outcome;
    struct cv_waiting w;
    struct cv_buf data = { 0 };
    struct cv_err err = { 0 };
    (void)state;
    struct cv_vault *v = opened(&custodian);
    assert_ok(cv_members_add(v, &second.public, as_custodian, &outcome, NULL));
    assert_ok(cv_members_rules(v, &(struct cv_rules){ .quorum = 2, .reason_required = -1 }, &outcome, NULL));
    assert_ok(cv_members_rotate(v, "custodian", &outcome, NULL));
    assert_false(outcome.done);
    assert_ok(cv_change_waiting(v, 0, &w, NULL));
    const uint64_t good = w.index;
    cv_buf_free(&w.proposal.seals);
    assert_ok(cv_proposal_write(&w.proposal, &data));
    append(v, CV_KIND_PROPOSAL, cv_buf_view(&data));
    cv_waiting_free(&w);
    cv_vault_close(v);
    v = opened(&second);
    assert_ok(cv_change_waiting(v, good + 1, &w, NULL));
    assert_status(cv_change_approve(v, w.index, &outcome, &err), CV_ERR_DENIED);
    assert_non_null(strstr(err.msg, "does not give you the new key of the log"));
    cv_waiting_free(&w);
    err = (struct cv_err){ 0 };
    if (cv_change_approve(v, good, &outcome, &err) != CV_OK)
        fail_msg("%s", err.msg);
    assert_true(outcome.done);
    cv_vault_close(v);
    v = opened(&custodian);
    must_read(v, person, "identity");
    cv_vault_close(v);
    cv_buf_free(&data);
}

/* ---- who signs ---- */

/* Commits of who is no member, was one, or has another log key, or the one of before: each is found by
 * whoever comes new to the vault, and by an auditor without any key. */
static void signed_wrongly(void **state)
{
    static const uint8_t seed[32] = { 7 };
    enum { STRANGER, FORMER, OTHER_KEY, OLD_KEY, ROWS };
    static const char no_member[] = "not signed by anyone who was a member then",
                      no_log[] = "not signed by the vault's log key";
    const struct cv_event event = { .action = "read", .record = person };
    (void)state;
    for (int row = 0; row < ROWS; row++) {
        struct cv_outcome outcome;
        struct cv_ed25519_key *strange = NULL, *old = NULL, *log = NULL;
        fresh(NULL);
        struct cv_vault *before = opened(&custodian), *v = opened(&custodian);
        assert_ok(cv_keyring_log(before->keys, &old, NULL));
        assert_ok(cv_members_remove(v, legal.public.pseudonym, &outcome, NULL));
        assert_ok(cv_ed25519_key_new(CV_ARR(seed), &strange));
        assert_ok(cv_vault_begin(v, NULL));
        assert_ok(cv_event_add(v, &event, NULL));
        assert_ok(cv_keyring_log(v->keys, &log, NULL));
        struct cv_identity *who = row == STRANGER ? &second : row == FORMER ? &legal : &custodian;
        cv_custody_sign_as(v->custody, cv_vault_policy(v), &who->public, cv_identity_sign, who,
                           row == OTHER_KEY ? strange
                           : row == OLD_KEY ? old
                                            : log);
        assert_ok(cv_custody_commit(v->custody, NULL));
        cv_vault_close(v);
        refused_to(&intake, row == STRANGER || row == FORMER ? no_member : no_log);
        cv_vault_close(before);
        cv_ed25519_key_free(strange);
    }
}

/* ---- the access log ---- */

static cv_status count_event(void *arg, uint64_t index, const struct cv_json *event,
                             const struct cv_json *text, struct cv_err *err)
{
    size_t *counts = arg;
    (void)index;
    (void)text;
    (void)err;
    counts[strcmp(cv_json_get_str(event, "action"), "unreadable") == 0]++;
    return CV_OK;
}

/* An event that opens to nobody hides none of those after it, and is named. */
static void event_unreadable(void **state)
{
    struct cv_buf data = { 0 };
    size_t before[2] = { 0 }, after[2] = { 0 };
    struct cv_err err = { 0 };
    (void)state;
    struct cv_vault *v = opened(&custodian);
    struct cv_json *body = NULL, *text = NULL;
    assert_status(cv_audit_again(v, 1, &body, &text, NULL), CV_ERR_INTERNAL); /* no event tells of it */
    assert_ok(cv_audit_events(v, NULL, count_event, before, NULL));
    const uint64_t at = last(v, CV_KIND_EVENT, &data);
    assert_ok(cv_audit_again(v, at, &body, &text, NULL));
    assert_string_equal(cv_json_get_str(body, "action"), "log");
    cv_json_free(body);
    cv_json_free(text);
    for (int i = 0; i < 8; i++) /* under what is no batch of keys */
        data.p[CV_ENVELOPE_BATCH_AT + i] = (uint8_t)(at >> (56 - 8 * i));
    append(v, CV_KIND_EVENT, cv_buf_view(&data));
    const uint64_t closed = v->custody->chain.next - 2; /* before its checkpoint */
    must_read(v, person, "identity");
    assert_status(cv_audit_again(v, closed, &body, &text, NULL), CV_ERR_INTERNAL);
    assert_status(cv_audit_events(v, NULL, count_event, after, &err), CV_ERR_LOG);
    assert_ok(cv_audit_again(v, closed, &body, &text, NULL));
    assert_string_equal(cv_json_get_str(body, "action"), "unreadable");
    cv_json_free(body);
    cv_json_free(text);
    assert_non_null(strstr(err.msg, "does not open"));
    assert_true(after[0] >= before[0] + 2 && after[1] == 1);
    cv_vault_close(v);
    cv_buf_free(&data);
}

static cv_status find_forged(void *arg, uint64_t index, const struct cv_json *event,
                             const struct cv_json *text, struct cv_err *err)
{
    const char *by = cv_json_get_str(event, "written_by");
    (void)index;
    (void)text;
    (void)err;
    if (by != NULL) {
        assert_string_equal(by, intake.public.pseudonym);
        assert_string_equal(cv_json_get_str(event, "member"), legal.public.pseudonym);
        ++*(size_t *)arg;
    }
    return CV_OK;
}

/* An event in the name of somebody else: the commit is signed by whoever wrote it. */
static void event_forged(void **state)
{
    size_t forged = 0;
    struct cv_err err = { 0 };
    struct cv_identity mask;
    (void)state;
    struct cv_vault *v = opened(&intake);
    memcpy(&mask, &intake, sizeof(mask));
    mask.public = legal.public;
    const struct cv_event event = { .action = "read", .record = person };
    assert_ok(cv_vault_begin(v, NULL));
    v->id = &mask; /* what the event says; the commit is signed by who was set up to sign it */
    assert_ok(cv_event_add(v, &event, NULL));
    v->id = &intake;
    assert_ok(cv_vault_commit(v, NULL));
    cv_vault_close(v);
    v = opened(&custodian);
    assert_status(cv_audit_events(v, NULL, find_forged, &forged, &err), CV_ERR_LOG);
    assert_int_equal(forged, 1);
    assert_non_null(strstr(err.msg, "is in the name of"));
    cv_vault_close(v);
}

/* told(arg, index, what): a cv_contents_fn; the faults, one behind the other. */
static void told(void *arg, uint64_t index, const char *what)
{
    char *faults = arg;
    const size_t n = strlen(faults);
    (void)snprintf(faults + n, 1024 - n, "%" PRIu64 " %s\n", index, what);
}

static void must_hold(const char *faults, struct cv_contents *out)
{
    char have[1024] = "";
    struct cv_err err = { 0 };
    user("auditor");
    struct cv_vault *v = opened(&custodian);
    assert_status(cv_contents_check(v, told, have, out, &err), *faults == '\0' ? CV_OK : CV_ERR_LOG);
    assert_string_equal(have, faults);
    cv_vault_close(v);
}

/* Entries of which no event says anything, and an event of what never was. */
static void event_missing(void **state)
{
    struct cv_contents c = { 0 };
    struct cv_stored stored;
    char want[512];
    (void)state;
    must_hold("3 closes a commit with a policy, and no event of it says so\n", &c);
    struct cv_vault *v = opened(&custodian);
    const struct cv_event founded = { .action = "init" };
    assert_ok(cv_event_log(v, &founded, NULL));
    cv_vault_close(v);
    must_hold("", &c);
    const uint64_t records = c.records;
    assert_true(records > 0 && c.policies > 0 && c.packages == 0);

    v = opened(&intake);
    struct cv_json *record = parsed("{\"type\":\"person\",\"identity\":{\"first_name\":\"A\"}}");
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_record_put(v, record, &stored, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    struct cv_tip tip;
    cv_custody_tip(v->custody, &tip);
    const uint64_t silent = tip.next - 1;
    const struct cv_event left = { .action = "package", .record = person, .version = 1 };
    assert_ok(cv_event_log(v, &left, NULL));
    cv_custody_tip(v->custody, &tip);
    const uint64_t claim = tip.next - 2;
    cv_vault_close(v);
    (void)snprintf(want, sizeof(want),
                   "%" PRIu64 " says that a record left, and no event says that it was opened for that\n"
                   "%" PRIu64 " closes a commit of 1 record version, and its events name 0\n",
                   claim, silent);
    must_hold(want, &c);
    assert_true(c.records == records + 1 && c.packages == 1 && c.faults == 2);
    cv_json_free(record);
}

/* say(v, body): an event that says this, as a program of one's own can write it. */
static void say(struct cv_vault *v, const char *body)
{
    static const char *const sections[] = { "audit" };
    struct cv_envelope env = { .slot = CV_NO_SLOT, .count = 1 };
    struct cv_place_of x = { cv_vault_policy(v)->vault_id, env.handle, "event" };
    struct cv_secret section = { 0 };
    struct cv_buf sealed = { 0 }, data = { 0 };
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_writer_need(v, sections, 1, &env.batch, NULL));
    assert_ok(cv_schedule_section(cv_writer_key(v, "audit"), &x, &section));
    assert_ok(cv_part_seal(cv_secret_view(&section), (struct cv_bytes){ 0 }, &x, 1024, cv_bytes_str(body),
                           &sealed));
    strcpy(env.parts[0].name, "event");
    strcpy(env.parts[0].section, "audit");
    env.parts[0].sealed = cv_buf_view(&sealed);
    assert_ok(cv_envelope_write(&env, &data));
    assert_ok(cv_custody_add(v->custody, CV_KIND_EVENT, cv_buf_view(&data), NULL, NULL, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    cv_secret_free(&section);
    cv_buf_free(&sealed);
    cv_buf_free(&data);
}

static cv_status find_framing(void *arg, uint64_t index, const struct cv_json *event,
                              const struct cv_json *text, struct cv_err *err)
{
    static const char *const added[] = { "written_by", "name", "reason", "roles", "entry", "training" };
    (void)index;
    (void)text;
    (void)err;
    if (cv_json_get_str(event, "detail") == NULL || strcmp(cv_json_get_str(event, "detail"), "framing") != 0)
        return CV_OK;
    for (size_t i = 0; i < sizeof(added) / sizeof(*added); i++)
        if (cv_json_get(event, added[i]) != NULL)
            fail_msg("it says %s", added[i]);
    ++*(size_t *)arg;
    return CV_OK;
}

/* An event that says of itself what only readers find out: who forged it, whose name that is. */
static void event_framing(void **state)
{
    size_t found = 0;
    struct cv_buf body = { 0 };
    (void)state;
    struct cv_vault *v = opened(&intake);
    assert_ok(cv_buf_printf(
        &body,
        "{\"time\":\"2026-11-25T10:00:00Z\",\"member\":\"%s\",\"action\":\"read\",\"detail\":\"framing\","
        "\"written_by\":\"%s\",\"name\":\"Ana\",\"reason\":\"x\",\"roles\":[\"legal\"],\"entry\":1,"
        "\"training\":true}%c",
        intake.public.pseudonym, legal.public.pseudonym, 0));
    say(v, (const char *)body.p);
    cv_vault_close(v);
    v = opened(&custodian);
    assert_ok(cv_audit_events(v, NULL, find_framing, &found, NULL));
    assert_int_equal(found, 1);
    cv_vault_close(v);
    cv_buf_free(&body);
}

/* ---- rubbish ---- */

/* use(v): everything that reads entries of others. It may fail; it must not crash, nor go on for ever. */
static void use(struct cv_vault *v)
{
    struct cv_versions versions = { 0 };
    struct cv_notices notices = { 0 };
    struct cv_json *erased = NULL;
    struct cv_waiting w;
    struct cv_outcome outcome;
    struct cv_err err;
    size_t counts[2] = { 0 };
    cv_status st = cv_record_versions(v, NULL, &versions, NULL);
    st = CV_THEN(st, cv_notices_of(v, NULL, &notices, NULL));
    st = CV_THEN(st, cv_erased_of(v, person, &erased, NULL));
    (void)cv_change_waits(v);
    (void)cv_members_waiting(v);
    if (cv_change_waiting(v, 0, &w, NULL) == CV_OK) {
        const uint64_t waits = w.index;
        assert_true(w.have <= w.need);
        cv_waiting_free(&w);
        st = CV_THEN(st, cv_change_approve(v, waits, &outcome, NULL));
    }
    (void)reads(v, person, "identity", &err);
    (void)(cv_audit_events(v, NULL, count_event, counts, NULL) == st);
    cv_versions_free(&versions);
    cv_notices_free(&notices);
    cv_json_free(erased);
}

/* Entries of every kind that are none of it, in a commit that is signed as it should be: they spoil
 * themselves, or the log is refused. */
static void rubbish(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"casevault\":\"proposal v1\",\"act\":\"policy\",\"note\":\"\\n\\n\",\"seals\":\"-\"}",
        ("{\"casevault\":\"proposal v1\",\"act\":\"erase\",\"note\":\"x\\n\\n\\u2014 a "
         "b\\n\",\"seals\":\"-\"}"),
        "{\"casevault\":\"approval v1\",\"proposal\":9223372036854775807,\"signatures\":\"\\n\"}",
        "casevault tombstone v1\n9223372036854775807\n",
        "casevlt1",
    };
    struct cv_buf old = { 0 };
    struct cv_err err;
    (void)state;
    for (enum cv_kind kind = 0; kind < CV_KIND_COUNT; kind++) {
        if (kind == CV_KIND_CHECKPOINT || kind == CV_KIND_POLICY) /* nobody's to add; judged when committed */
            continue;
        for (size_t i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
            struct cv_vault *v = NULL;
            fresh(NULL);
            v = opened(&intake);
            if (i < sizeof(texts) / sizeof(texts[0]))
                append(v, kind, cv_bytes_str(texts[i]));
            else { /* something of another kind */
                last(v, kind == CV_KIND_RECORD ? CV_KIND_EVENT : CV_KIND_RECORD, &old);
                append(v, kind, cv_buf_view(&old));
            }
            cv_vault_close(v);
            /* One who believes that user's catalog, and one who looks for themselves. */
            for (int honest = 0; honest < 2; honest++) {
                if (honest)
                    user("honest");
                err = (struct cv_err){ 0 };
                cv_status st = cv_vault_open(in_place("vault"), fingerprint, &custodian, &v, &err);
                if (st != CV_OK && (st != CV_ERR_LOG || err.msg[0] == '\0') && (honest || err.msg[0] == '\0'))
                    fail_msg("%s, text %zu: status %d: %s", cv_kind_name(kind), i, (int)st, err.msg);
                if (st == CV_OK)
                    use(v);
                cv_vault_close(v);
            }
        }
    }
    cv_buf_free(&old);
}

#define EACH(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(grant_over),     EACH(grant_prolonged),      EACH(grant_lies),
        EACH(erase_crash),    EACH(erase_bogus),          EACH(erase_bogus_proposal),
        EACH(erase_too_few),  EACH(erase_escaped),        EACH(erase_changed),
        EACH(slot_taken),     EACH(hold_ended_again),     EACH(erase_told_falsely),
        EACH(seals_ahead),    EACH(seals_ahead_believed), EACH(seals_bad),
        EACH(batch_stale),    EACH(seals_by_strangers),   EACH(slots_claimed),
        EACH(slot_shared),    EACH(proposal_filled),      EACH(proposal_locks_out),
        EACH(signed_wrongly), EACH(event_unreadable),     EACH(event_forged),
        EACH(event_missing),  EACH(event_framing),        EACH(rubbish),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, found, gone);
}
