/* Makes the seeds of the corpora, by the program's own means: a vault with made-up persons, what lies in it
 * entry by entry, and a package that leaves it. Usage: fuzz_seeds CORPUS
 *
 * Nothing in them is by chance: randomness comes from a counter, it is always the same day, and there is one
 * thread only. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "formats/armor.h"
#include "formats/http.h"
#include "formats/keyfile.h"
#include "formats/loss.h"
#include "formats/proposal.h"
#include "formats/tar.h"
#include "formats/tiles.h"
#include "formats/tlog_proof.h"
#include "tests/fuzz/keys.h"
#include "tests/unit/photo_samples.h"
#include "tests/unit/timestamp_samples.h"
#include "vault/agent.h"
#include "vault/attest.h"
#include "vault/document.h"
#include "vault/erase.h"
#include "vault/grant.h"
#include "vault/members.h"
#include "vault/package.h"
#include "vault/prove.h"
#include "vault/recovery.h"
#include "vault/witness.h"

#define NOW 1795000000 /* 2026-11-18 */

static const char *corpus;
static char place[256];
static struct cv_identity founder, legal;
static uint64_t third; /* checkpoint: its index, which is the size it is of */

/* ---- what is not to be by chance ---- */

cv_status __wrap_cv_random(uint8_t *out, size_t n);
time_t __wrap_time(time_t *out);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    (void)thread;
    (void)attr;
    (void)fn;
    (void)arg;
    return EAGAIN;
}

cv_status __wrap_cv_random(uint8_t *out, size_t n)
{
    static uint64_t counter;
    uint8_t block[8], hash[CV_SHA256_BYTES];
    for (size_t at = 0; at < n; at += sizeof(hash)) {
        cv_store_u64(block, ++counter);
        if (cv_sha256(CV_ARR(block), hash) != CV_OK)
            return CV_ERR_INTERNAL;
        memcpy(out + at, hash, n - at < sizeof(hash) ? n - at : sizeof(hash));
    }
    return CV_OK;
}

time_t __wrap_time(time_t *out)
{
    if (out != NULL)
        *out = NOW;
    return NOW;
}

/* ---- small means ---- */

static struct cv_err err;

#define ok(call) ((call) == CV_OK ? (void)0 : stop(__LINE__))

static _Noreturn void stop(int line)
{
    fprintf(stderr, "seeds: line %d: %s\n", line, err.msg);
    exit(1);
}

static const char *in_place(const char *name)
{
    static char path[4][320];
    static unsigned at;
    char *out = path[at++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", place, name);
    return out;
}

/* seed(target, name, bytes): one file of a corpus. */
static void seed(const char *target, const char *name, struct cv_bytes bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", corpus, target);
    mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/%s/%s", corpus, target, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
        stop(__LINE__);
}

/* seed_after(target, name, first, bytes): with a byte before it that says what it is. */
static void seed_after(const char *target, const char *name, uint8_t first, struct cv_bytes bytes)
{
    struct cv_buf b = { 0 };
    ok(cv_buf_append(&b, CV_BYTES(&first, 1)));
    ok(cv_buf_append(&b, bytes));
    seed(target, name, cv_buf_view(&b));
    cv_buf_free(&b);
}

static void add(struct cv_buf *out, struct cv_bytes bytes)
{
    ok(cv_buf_append(out, bytes));
}

static void read_file(const char *path, struct cv_buf *out)
{
    uint8_t piece[4096];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        stop(__LINE__);
    for (size_t n = fread(piece, 1, sizeof(piece), f); n > 0; n = fread(piece, 1, sizeof(piece), f))
        add(out, CV_BYTES(piece, n));
    fclose(f);
}

static void unhex(const char *hex, struct cv_buf *out)
{
    for (; hex[0] != '\0'; hex += 2) {
        char pair[3] = { hex[0], hex[1], '\0' };
        const uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        add(out, CV_BYTES(&byte, 1));
    }
}

/* parsed("{'a':1}"): with apostrophes for quotes. */
static struct cv_json *parsed(const char *text)
{
    struct cv_json *v = NULL;
    char quoted[2048];
    snprintf(quoted, sizeof(quoted), "%s", text);
    for (char *p = quoted; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    ok(cv_json_parse(cv_bytes_str(quoted), strlen(quoted), "seed", &v, &err));
    return v;
}

__attribute__((format(printf, 3, 4))) static void store(struct cv_vault *v, char id[static CV_ID_TEXT_BYTES],
                                                        const char *fmt, ...)
{
    char text[1024];
    struct cv_stored out;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct cv_json *record = parsed(text);
    ok(cv_record_add(v, record, NULL, &out, &err));
    strcpy(id, out.id);
    cv_json_free(record);
}

static struct cv_vault *opened(const struct cv_identity *id)
{
    struct cv_vault *v = NULL;
    ok(cv_vault_open(in_place("vault"), NULL, id, &v, &err));
    return v;
}

/* ---- what a package is made of ---- */

static void part(struct cv_buf *out, struct cv_bytes text)
{
    add(out, text);
    add(out, CV_LIT("\xff"));
}

static void package_seeds(const struct cv_package *p)
{
    const struct cv_buf *const first[] = { &p->readme, &p->manifest, &p->signature, &p->template,
                                           &p->redactions };
    struct cv_buf out = { 0 };
    char name[64];
    for (size_t i = 0; i < 5; i++)
        part(&out, cv_buf_view(first[i]));
    for (size_t i = 0; i < cv_json_len(p->policies); i++)
        part(&out, cv_json_text(cv_json_at(p->policies, i)));
    for (size_t i = 0; i < cv_json_len(p->sdjwts); i++) {
        const struct cv_bytes sdjwt = cv_json_text(cv_json_at(p->sdjwts, i));
        const uint8_t *end = memchr(sdjwt.p, '~', sdjwt.n);
        struct cv_buf packed = { 0 };
        part(&out, sdjwt);
        part(&out, cv_json_text(cv_json_at(p->proofs, i)));
        snprintf(name, sizeof(name), "valid-record-%zu", i);
        seed("sdjwt", name, sdjwt);
        ok(cv_jws_pack(CV_BYTES(sdjwt.p, (size_t)(end - sdjwt.p)), &packed));
        snprintf(name, sizeof(name), "valid-packed-%zu", i);
        seed_after("sdjwt", name, 1, cv_buf_view(&packed));
        cv_buf_free(&packed);
        snprintf(name, sizeof(name), "valid-%zu", i);
        seed("proof", name, cv_json_text(cv_json_at(p->proofs, i)));
    }
    seed("package", "valid-texts", cv_buf_view(&out));
    seed("manifest", "valid", cv_buf_view(&p->manifest));
    cv_buf_free(&out);
}

static void make_package(struct cv_vault *v, const char *of, const char *to)
{
    const struct cv_package_request q = { .case_id = of, .partner = to, .profile = "prosecution" };
    struct cv_plan plan = { 0 };
    struct cv_dispatches list = { 0 };
    struct cv_outgoing out = { 0 };
    ok(cv_plan_make(v, &q, &plan, &err));
    ok(cv_plan_ask(v, &plan, NULL, &err));
    ok(cv_dispatches(v, NULL, &list, &err));
    ok(cv_outgoing_make(v, &list.d[0], NULL, &out, &err));
    ok(cv_outgoing_seal(v, &out, NULL, 0, &err));
    package_seeds(&out.package);
    cv_outgoing_free(&out);
    cv_dispatches_free(&list);
    cv_plan_free(&plan);
}

/* ---- a vault, entry by entry ---- */

static void make_vault(void)
{
    static const char *const legal_role[] = { "legal", NULL };
    char of[CV_ID_TEXT_BYTES], who[CV_ID_TEXT_BYTES], to[CV_ID_TEXT_BYTES], id[CV_ID_TEXT_BYTES];
    struct cv_outcome outcome;
    struct cv_buf template = { 0 };
    static struct cv_share shares[3];
    struct cv_secret text = { 0 };
    read_file(CV_FUZZ_DIR "/template.json", &template);
    seed("template", "valid-small", cv_buf_view(&template));
    ok(cv_identity_new(true, &founder, &err));
    ok(cv_identity_new(true, &legal, &err));
    ok(cv_vault_init(in_place("vault"), cv_buf_view(&template), &founder, &err));
    struct cv_vault *v = opened(&founder);
    store(v, to, "{'type':'partner','directory':{'name':'Office','age_recipient':'passphrase'}}");
    store(v, of, "{'type':'case','admin':{'case_number':'TRAINING-1','closed':'2026-11-01'}}");
    store(v, who,
          "{'type':'person','admin':{'role':'Victim','cases':['%s']},'identity':{'first_name':'Ana','birth_"
          "date':'1999','phone':'+381601234567'}}",
          of);
    store(v, id,
          "{'type':'testimony','admin':{'case':'%s','person':'%s'},'testimony':{'statements':[{'text':'One.'}"
          "]}}",
          of, who);
    store(v, id,
          "{'type':'consent','consent':{'person':'%s','state':'Given','purpose':'Prosecution','partner':'%s',"
          "'sections':['admin','identity','testimony'],'language':'rus','explained':'Read out.'}}",
          who, to);
    make_package(v, of, to);
    ok(cv_members_add(v, &legal.public, legal_role, &outcome, &err));
    const struct cv_granting g = {
        .record = who, .section = "identity", .to = "custodian", .until = "2036-01-01"
    };
    ok(cv_grant_give(v, &g, &err));
    ok(cv_recovery_split(v, 2, 3, shares, &outcome, &err));
    ok(cv_share_text(&shares[1], &text));
    seed("share", "valid-written", cv_bytes_str((const char *)text.p));
    struct cv_erase_plan plan = { 0 };
    const struct cv_erase_which all = { 0 };
    ok(cv_erase_plan(v, id, &all, &plan, &err));
    ok(cv_erase_ask(v, &plan, NULL, &outcome, &err));
    const struct cv_rules two = { .quorum = 2, .package_quorum = -1, .reason_required = -1 };
    ok(cv_members_grant(v, legal.public.pseudonym, "custodian", &outcome, &err));
    ok(cv_members_rules(v, &two, &outcome, &err));
    ok(cv_members_rotate(v, "legal", &outcome, &err)); /* waits for the other one */
    cv_vault_close(v);
    v = opened(&legal);
    ok(cv_change_approve(v, outcome.proposal, &outcome, &err));
    cv_vault_close(v);
    cv_erase_plan_free(&plan);
    cv_buf_free(&template);
    cv_secret_free(&text);
    for (size_t i = 0; i < 3; i++)
        cv_share_free(&shares[i]);
}

/* The first two entries of a kind, and whichever are much longer or shorter, are enough. */
static bool wanted(enum cv_kind kind, size_t n)
{
    static size_t count[CV_KIND_COUNT];
    return n < 12000 && count[kind]++ < 2;
}

static void notes(struct cv_bytes data)
{
    struct cv_commit c;
    struct cv_note n;
    struct cv_buf text = { 0 };
    ok(cv_commit_parse(data, &c, &err));
    ok(cv_note_parse(c.note, &n, &err));
    seed("note", "valid-checkpoint", c.note);
    seed("checkpoint", "valid-of-a-commit", n.text);
    ok(cv_leaf_text(c.vault, c.first, &c.leaves[0], &text));
    seed_after("checkpoint", "valid-leaf", 'L', cv_buf_view(&text));
    cv_buf_free(&text);
    cv_note_free(&n);
    cv_commit_free(&c);
}

static void entries(void)
{
    struct cv_buf all = { 0 }, policies = { 0 };
    struct cv_tar_entry e;
    char name[64];
    read_file(in_place("vault/archive/00000001.tar"), &all);
    struct cv_bytes rest = cv_buf_view(&all);
    size_t first = 0, commits = 0, policy = 0;
    for (uint64_t i = 0; rest.n > 0; i++, rest = CV_BYTES(rest.p + e.bytes, rest.n - (size_t)e.bytes)) {
        uint64_t index = 0;
        enum cv_kind kind;
        ok(cv_tar_read(rest, &e, &err));
        ok(cv_entry_name_parse(e.name, &index, &kind));
        if (kind == CV_KIND_CHECKPOINT) {
            notes(e.data);
            if (++commits == 3) {
                first = (size_t)(rest.p + e.bytes - all.p);
                third = index;
            }
        }
        if (kind == CV_KIND_POLICY) {
            if (policy++ < 2) {
                if (policies.n > 0)
                    add(&policies, CV_LIT("\xff"));
                add(&policies, e.data);
                snprintf(name, sizeof(name), "valid-policies-%zu", policy);
                seed("policy", name, cv_buf_view(&policies));
            }
            continue;
        }
        if (kind == CV_KIND_TEMPLATE || !wanted(kind, e.data.n))
            continue;
        snprintf(name, sizeof(name), "valid-%s-%llu", cv_kind_name(kind), (unsigned long long)i);
        seed_after("body", name, (uint8_t)kind, e.data);
        if (e.bytes < 2048)
            seed("entry", name, CV_BYTES(rest.p, (size_t)e.bytes));
    }
    seed("segment", "valid-three-commits", CV_BYTES(all.p, first));
    cv_buf_free(&all);
    cv_buf_free(&policies);
}

/* What no entry of this vault is. */
static void bodies(void)
{
    struct cv_buf out = { 0 };
    const struct cv_torn torn = { .segment = 1, .offset = 512, .bytes = 1024 };
    struct cv_attest a = { .checkpoint = 7, .kind = CV_ATTEST_COSIGNATURE };
    const struct cv_piece piece = { .number = 0, .last = true, .section = "testimony" };
    ok(cv_torn_write(&torn, &out));
    seed_after("body", "valid-torn", CV_KIND_TORN, cv_buf_view(&out));
    cv_buf_truncate(&out, 0);
    add(&a.value, CV_LIT("\xe2\x80\x94 witness.example AAAA\n"));
    ok(cv_attest_write(&a, &out));
    seed_after("body", "valid-attest", CV_KIND_ATTEST, cv_buf_view(&out));
    cv_buf_truncate(&out, 0);
    ok(cv_approval_write(7, cv_buf_view(&a.value), &out));
    seed_after("body", "valid-approval", CV_KIND_APPROVAL, cv_buf_view(&out));
    cv_buf_truncate(&out, 0);
    ok(cv_piece_head(&piece, &out));
    add(&out, CV_LIT("sealed"));
    seed_after("body", "valid-piece", CV_KIND_PIECE, cv_buf_view(&out));
    cv_buf_truncate(&out, 0);
    const struct cv_lost_entry lost[] = { { .index = 7, .kind = CV_KIND_RECORD },
                                          { .index = 9, .kind = CV_KIND_EVENT, .unproved = true } };
    ok(cv_loss_write(lost, 2, &out));
    seed_after("body", "valid-loss", CV_KIND_LOSS, cv_buf_view(&out));
    cv_attest_free(&a);
    cv_buf_free(&out);
}

static void witness_seeds(void)
{
    struct cv_buf body = { 0 }, request = { 0 }, key = { 0 };
    struct cv_witness_asked asked;
    ok(cv_witness_request(in_place("vault"), 0, NULL, &body, &asked, &err));
    seed("witness", "valid-first", cv_buf_view(&body));
    ok(cv_buf_printf(
        &request, "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", body.n));
    add(&request, cv_buf_view(&body));
    seed("witness", "valid-http", cv_buf_view(&request));
    cv_buf_truncate(&body, 0);
    ok(cv_witness_request(in_place("vault"), third, NULL, &body, &asked, &err));
    seed("witness", "valid-grown", cv_buf_view(&body));
    ok(cv_note_vkey(asked.log.name, asked.log.public, &key));
    seed_after("note", "valid-vkey", CV_NOTE_TYPE_ED25519, cv_buf_view(&key));
    cv_buf_truncate(&key, 0);
    strcpy(asked.log.name, "witness.example");
    ok(cv_cosignature_vkey(&asked.log, &key));
    seed_after("note", "valid-witness-vkey", CV_NOTE_TYPE_COSIGNATURE, cv_buf_view(&key));
    cv_buf_free(&body);
    cv_buf_free(&request);
    cv_buf_free(&key);
}

/* ---- tiles ---- */

struct served {
    struct cv_buf levels[CV_TILE_LEVELS], entries;
};

static cv_status keep(void *arg, const struct cv_tile *t, struct cv_bytes bytes, struct cv_err *e)
{
    struct served *s = arg;
    (void)e;
    if (t->width == CV_TILE_WIDTH)
        return CV_OK;
    return cv_buf_append(t->entries ? &s->entries : &s->levels[t->level], bytes);
}

static void tile_seed(const char *name, uint16_t size)
{
    struct served s = { 0 };
    struct cv_tiles *t = NULL;
    struct cv_buf out = { 0 };
    char text[32];
    ok(cv_tiles_new(&t));
    for (unsigned i = 0; i < size; i++) {
        snprintf(text, sizeof(text), "entry %u\n", i);
        ok(cv_tiles_add(t, cv_bytes_str(text), keep, &s, &err));
    }
    ok(cv_tiles_end(t, keep, &s, &err));
    ok(cv_buf_u16(&out, size));
    for (size_t i = 0; i < CV_TILE_LEVELS; i++)
        add(&out, cv_buf_view(&s.levels[i]));
    add(&out, cv_buf_view(&s.entries));
    seed("tile", name, cv_buf_view(&out));
    for (size_t i = 0; i < CV_TILE_LEVELS; i++)
        cv_buf_free(&s.levels[i]);
    cv_buf_free(&s.entries);
    cv_buf_free(&out);
    cv_tiles_free(t);
}

/* ---- keys and files ---- */

static void key_seeds(void)
{
    struct cv_buf out = { 0 }, file = { 0 };
    struct cv_age_recipient *to = NULL;
    static uint8_t large[2 * CV_AGE_CHUNK_BYTES / 8];
    ok(cv_identity_write(&founder, &out));
    seed("identity", "valid-lines", cv_buf_view(&out));
    seed("identity", "valid-member", cv_bytes_str(founder.public.line));
    cv_buf_truncate(&out, 0);
    add(&out, CV_LIT("casevault witness v1\nname witness.example\nsign "));
    add(&out, CV_LIT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"));
    seed("identity", "valid-witness", cv_buf_view(&out));
    ok(cv_age_recipient_x25519(CV_LIT(FUZZ_AGE_RECIPIENT), &to, &err));
    const struct cv_age_recipient *const list[] = { to };
    ok(cv_age_encrypt(list, 1, CV_LIT("hello\n"), &file, &err));
    seed("age", "valid-x25519", cv_buf_view(&file));
    cv_buf_truncate(&out, 0);
    ok(cv_armor_encode(cv_buf_view(&file), &out));
    seed("age", "valid-armoured", cv_buf_view(&out));
    cv_buf_truncate(&file, 0);
    ok(cv_age_encrypt(list, 1, CV_ARR(large), &file, &err));
    seed("age", "valid-longer", cv_buf_view(&file));
    cv_age_recipient_free(to);
    cv_buf_free(&out);
    cv_buf_free(&file);
}

static void agent_seeds(void)
{
    static const uint8_t hello[] = { 0, 0, 0, 0, 1, CV_AGENT_HELLO },
                         lock[] = { 0, 0, 0, 0, 1, CV_AGENT_LOCK };
    static const uint8_t sign[] = { 0, 0, 0, 0, 4, CV_AGENT_SIGN, 'a', 'b', 'c' };
    static const uint8_t derive[] = { 0, 0, 0, 0, 7, CV_AGENT_DERIVE, 0, 1, 's', 0, 1, 'i' };
    static const uint8_t unseal[] = { 0, 0, 0, 0, 7, CV_AGENT_UNSEAL, 0, 1, 'i', 0, 1, 's' };
    struct cv_buf says = { 0 };
    seed("agent", "valid-hello", CV_ARR(hello));
    seed("agent", "valid-lock", CV_ARR(lock));
    seed("agent", "valid-sign", CV_ARR(sign));
    seed("agent", "valid-derive", CV_ARR(derive));
    seed("agent", "unseal", CV_ARR(unseal));
    ok(cv_buf_u32(&says, (uint32_t)strlen(founder.public.line) + 11));
    ok(cv_buf_printf(&says, "%c%s\n900 36000", 0, founder.public.line));
    seed_after("agent", "valid-answer", 1, cv_buf_view(&says));
    cv_buf_free(&says);
}

/* ---- pictures, timestamps, and what people type ---- */

static void hex_seed(const char *target, const char *name, const char *hex)
{
    struct cv_buf out = { 0 };
    unhex(hex, &out);
    seed(target, name, cv_buf_view(&out));
    cv_buf_free(&out);
}

static void png_seed(void)
{
    static const char *const chunks[] = { "IHDR00000001000000010800000000", "tEXt417574686f7200416e61",
                                          "IDAT789c6368000000820081", "IEND" };
    struct cv_buf out = { 0 }, data = { 0 };
    add(&out, CV_LIT("\x89PNG\r\n\x1a\n"));
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        cv_buf_truncate(&data, 0);
        unhex(chunks[i] + 4, &data);
        const uint32_t type = cv_zip_crc(0, CV_BYTES(chunks[i], 4));
        ok(cv_buf_u32(&out, (uint32_t)data.n));
        add(&out, CV_BYTES(chunks[i], 4));
        add(&out, cv_buf_view(&data));
        ok(cv_buf_u32(&out, data.n > 0 ? cv_zip_crc(type, cv_buf_view(&data)) : type));
    }
    seed("photo", "valid-png", cv_buf_view(&out));
    cv_buf_free(&out);
    cv_buf_free(&data);
}

static void texts(void)
{
    static const char person[] =
        "{\"type\":\"person\",\"admin\":{\"role\":\"Victim\"},\"identity\":{\"first_name\":\"Ana\",\"birth_"
        "date\":\"1999-05\",\"gender\":\"Feminine\",\"citizenship\":[\"RS\"]},\"contact\":{\"mobile_phone\":"
        "\"+381601234567\",\"safe_to_call\":true}}";
    static const char testimony[] =
        "{\"type\":\"testimony\",\"testimony\":{\"statements\":[{\"text\":\"One.\\u00e9\\ud83d\\ude00\"}]}}";
    seed("record", "valid-person", cv_bytes_str(person));
    seed("record", "valid-testimony", cv_bytes_str(testimony));
    seed("csv", "valid-persons",
         CV_LIT("\xfcrecord_type,person.admin.role,person.identity.first_name,person.identity.birth_date\r\n"
                "person,Victim,\"Ana \"\"A\"\"\",1999-05\r\nperson,Witness,Lule,\r\n"));
    seed("csv", "valid-standard",
         CV_LIT(
             "\x41prs_First_Name;prs_BirthDate;cas_Status;case_number\nAna;1999-05-01;Active;TRAINING-1\n"));
    seed(
        "map", "valid",
        CV_LIT(
            "{\"casevault\":\"columns v1\",\"columns\":{\"Nume\":\"person.identity.first_name\",\"X\":null},"
            "\"set\":{\"person.admin.role\":\"Victim\"},\"without\":[\"Y\"],\"delimiter\":\";\",\"encoding\":"
            "\"windows-1250\",\"dates\":\"dmy\"}"));
    seed("query", "valid", CV_LIT("(ana OR \"blue house\") AND NOT phone:+3816* birth:1999..2001"));
    seed("query", "valid-words", CV_LIT("ana person:x"));
    hex_seed("photo", "valid-jpeg", BEFORE EXIF COMMENT TABLES SCAN "ffd9");
    hex_seed("photo", "valid-progressive", "ffd8" PROGRESSIVE FIRST OTHERS "ffd9");
    hex_seed("photo", "valid-restarts", "ffd8" WIDE RESTARTS HEAD "3fffd03fffd9");
    png_seed();
    hex_seed("timestamp", "valid-reply", good);
    seed("timestamp", "valid-certificate", cv_bytes_str(ca_pem));
}

int main(int argc, char **argv)
{
    char command[512];
    const char *dir = getenv("TMPDIR");
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds CORPUS\n");
        return 2;
    }
    corpus = argv[1];
    snprintf(place, sizeof(place), "%s/casevault-seeds-XXXXXX", dir != NULL ? dir : "/tmp");
    cv_json_init();
    if (mkdtemp(place) == NULL || cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    setenv("XDG_CACHE_HOME", in_place("cache"), 1);
    setenv("XDG_STATE_HOME", in_place("state"), 1);
    mkdir(corpus, 0777);
    make_vault();
    entries();
    bodies();
    witness_seeds();
    tile_seed("valid-7", 7);
    tile_seed("valid-258", 258);
    key_seeds();
    agent_seeds();
    texts();
    cv_identity_free(&founder);
    cv_identity_free(&legal);
    snprintf(command, sizeof(command), "rm -rf %s", place);
    return system(command) == 0 ? 0 : 1;
}
