/*
 * The crash explorer: what custody asks of the file system is recorded while a small mission works; every
 * state that a power cut could have left is made from that, and in each the vault must open, hold what was
 * acknowledged and nothing half, verify, and go on. Then processes are killed, others go on after them, and
 * the power is cut; and each call is made to fail once. usage: crash [--long] [--states N] [--seed N]
 * [--on FILE] [--only cut|kill|fault NUMBER|all]
 */
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/digests.h"
#include "vault/vault.h"
#include "world.h"

#define FAILURES_MAX 10
#define MISSION_BASE 5 /* acts before calls begin to fail */

enum caches { CACHE_NONE, CACHE_START, CACHE_MID, CACHE_END, CACHE_COUNT };
static const char *const cache_names[] = { "none", "start", "mid", "end" };

static struct {
    char base[160], root[180];
    struct world w;
    struct tape tape;
    bool all;
    size_t states; /* of each kind at most */
    uint64_t seed;
    const char *only;
    const char *on; /* only after operations on files whose path has this in it; NULL: any */
    size_t only_number;
    struct cv_digests met;
    size_t failures;
} x;

/* ---- directories ---- */

static int remove_one(const char *path, const struct stat *info, int what, struct FTW *ftw)
{
    (void)info;
    (void)what;
    (void)ftw;
    return remove(path);
}

static void wipe(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", x.root, name);
    if (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        die("%s: cannot remove it", path);
}

static char copy_from[256], copy_to[256];

static int copy_one(const char *path, const struct stat *info, int what, struct FTW *ftw)
{
    char to[768], bytes[65536];
    (void)info;
    (void)ftw;
    snprintf(to, sizeof(to), "%s%s", copy_to, path + strlen(copy_from));
    if (what == FTW_D)
        return mkdir(to, 0700);
    FILE *in = fopen(path, "re"), *out = fopen(to, "we");
    if (in == NULL || out == NULL)
        return -1;
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), in)) > 0;)
        if (fwrite(bytes, 1, n, out) != n)
            return -1;
    return fclose(in) != 0 || fclose(out) != 0;
}

static void copy(const char *from_root, const char *from, const char *to_root, const char *to)
{
    snprintf(copy_from, sizeof(copy_from), "%s/%s", from_root, from);
    snprintf(copy_to, sizeof(copy_to), "%s/%s", to_root, to);
    if (nftw(copy_from, copy_one, 8, FTW_PHYS) != 0)
        die("%s: cannot copy it to %s", copy_from, copy_to);
}

/* keep_cache(which): as it is now. */
static void keep_cache(enum caches which)
{
    copy(x.root, "cache", x.base, cache_names[which]);
}

/* lay_out(t, n, fates, seed, cache): the state, with the cache of some other time. */
static void lay_out(const struct tape *t, size_t n, const struct fate *fates, uint64_t seed,
                    enum caches cache, uint8_t hash[static 32])
{
    wipe("vault");
    wipe("state");
    wipe("cache");
    tape_build(t, n, fates, seed, x.root, hash);
    if (cache != CACHE_NONE)
        copy(x.base, cache_names[cache], x.root, "cache");
}

/* ---- telling ---- */

__attribute__((format(printf, 3, 4))) static void fault(const char *kind, size_t number, const char *fmt, ...)
{
    va_list ap;
    printf("FAULT %s %zu: ", kind, number);
    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    printf("\n      again: --seed %llu --only %s %zu\n", (unsigned long long)x.seed, kind, number);
    if (fflush(stdout) != 0 || ++x.failures == FAILURES_MAX)
        exit(1);
}

static uint64_t mix(uint64_t n)
{
    n += x.seed * 0x9e3779b97f4a7c15u;
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
    n = (n ^ n >> 27) * 0x94d049bb133111ebu;
    return n ^ n >> 31;
}

/* chosen(kind, number, of): of so many, is it one that is looked at? */
static bool chosen(const char *kind, size_t number, size_t of)
{
    if (x.only != NULL && (strcmp(kind, x.only) != 0 || x.only_number != SIZE_MAX))
        return strcmp(kind, x.only) == 0 && number == x.only_number;
    return x.all || of <= x.states || mix(number) % of < x.states;
}

/* is_on(n): was the last of so many operations on a file that is asked for? */
static bool is_on(size_t n)
{
    return x.on == NULL || strstr(x.tape.ops[n - 1].path, x.on) != NULL;
}

/* act_at(n): which was under way, or the last. */
static const char *act_at(size_t n)
{
    const char *name = "";
    for (size_t i = 0; i < x.w.count && x.w.p[i].from < n; i++)
        name = x.w.p[i].act;
    return name;
}

static const char *op_text(const struct op *o)
{
    static const char *const kinds[] = { "create", "mkdir",  "write", "truncate",
                                         "rename", "unlink", "sync",  "sync of directory" };
    static char text[256];
    snprintf(text, sizeof(text), "%s %s", kinds[o->kind], o->path);
    return text;
}

/* ---- the mission ---- */

static void record(void)
{
    struct cv_err err;
    size_t kinds[8] = { 0 };
    tape_start(&x.tape);
    for (size_t i = 0; i < world_act_count; i++) {
        if (world_do(&x.w, &world_acts[i], &x.tape, &err) != CV_OK)
            die("%s: %s", world_acts[i].name, err.msg);
        if (i == 1)
            cv_vault_fingerprint(cv_vault_policy(x.w.v)->vault, x.w.print);
        if (i == 0)
            keep_cache(CACHE_START);
        if (i == MISSION_BASE - 1) {
            world_close(&x.w);
            keep_cache(CACHE_MID);
        }
    }
    world_close(&x.w);
    keep_cache(CACHE_END);
    tape_stop();
    for (size_t i = 0; i < x.tape.count; i++)
        kinds[x.tape.ops[i].kind]++;
    printf("recorded: %zu acts, %zu operations: %zu writes, %zu syncs, %zu truncations, %zu names\n",
           x.w.count, x.tape.count, kinds[OP_WRITE], kinds[OP_SYNC] + kinds[OP_SYNC_DIR], kinds[OP_TRUNCATE],
           kinds[OP_CREATE] + kinds[OP_MKDIR] + kinds[OP_RENAME] + kinds[OP_UNLINK]);
}

/* ---- cuts ---- */

/* A state: all that is pending has one fate, but for one operation. */
struct variant {
    size_t n;
    enum part others;
    size_t op; /* SIZE_MAX: all are others */
    struct fate fate;
};

struct variants {
    struct variant *v;
    size_t count, room;
};

static void add(struct variants *l, size_t n, enum part others, size_t op, enum part part, size_t sector)
{
    if (l->count == l->room) {
        l->room = l->room == 0 ? 4096 : 2 * l->room;
        void *more = realloc(l->v, l->room * sizeof(*l->v));
        if (more == NULL)
            die("out of memory");
        l->v = more;
    }
    l->v[l->count++] = (struct variant){ n, others, op, { part, sector } };
}

/* variants_at(l, t, n): what a cut after ${n} operations can leave. */
static void variants_at(struct variants *l, const struct tape *t, size_t n)
{
    const struct op *last = &t->ops[n - 1];
    size_t pending = 0;
    for (size_t i = 0; i < n; i++)
        pending += tape_pending(t, n, i);
    add(l, n, WHOLE, SIZE_MAX, WHOLE, 0);
    if (pending > 0)
        add(l, n, NONE, SIZE_MAX, NONE, 0);
    for (size_t i = 0; i < n && pending > 1; i++)
        if (tape_pending(t, n, i)) {
            add(l, n, WHOLE, i, NONE, 0);
            add(l, n, NONE, i, WHOLE, 0);
        }
    for (size_t i = 0; i < 4 && pending > 0; i++)
        add(l, n, RANDOM, SIZE_MAX, RANDOM, i);
    const size_t sectors = last->kind == OP_WRITE ? (last->n + SECTOR - 1) / SECTOR : 0;
    for (size_t k = 0; k < sectors; k++) {
        add(l, n, WHOLE, n - 1, HOLE, k);
        add(l, n, WHOLE, n - 1, ZEROS, k);
        if (k > 0) {
            add(l, n, WHOLE, n - 1, CUT, k);
            add(l, n, WHOLE, n - 1, TAIL, k);
        }
    }
}

static void fates_of(const struct variant *v, struct fate *fates)
{
    for (size_t i = 0; i < v->n; i++)
        fates[i] = i == v->op ? v->fate : (struct fate){ v->others, 0 };
}

/* met(hash, n): was this very state looked at, with as much promised? */
static bool met(const uint8_t hash[static 32], size_t n)
{
    uint8_t key[32];
    uint64_t *times = NULL;
    uint64_t acknowledged = 0;
    for (size_t i = 0; i < x.w.count; i++)
        acknowledged += x.w.p[i].to <= n;
    memcpy(key, hash, sizeof(key));
    key[0] ^= (uint8_t)acknowledged;
    if (cv_digests_at(&x.met, key, &times) != CV_OK)
        die("out of memory");
    return (*times)++ > 0;
}

static void cut_one(const struct variant *v, size_t number, struct fate *fates, size_t *built, size_t *opened)
{
    static const char *const parts[] = { "whole", "gone", "cut", "zeros", "hole", "tail", "random" };
    /* A catalog is written after the sync of what it tells of: one that is newer than the archive belongs to
     * an older copy of it, which ends with a whole commit. */
    const enum caches caches[] = { CACHE_NONE, CACHE_START, CACHE_END };
    const bool whole = v->others != RANDOM && (v->fate.part == WHOLE || v->fate.part == NONE);
    const enum caches cache = v->n < x.w.p[0].to ? CACHE_NONE : caches[number % (whole ? 3 : 2)];
    uint8_t hash[32];
    char why[400];
    fates_of(v, fates);
    (*built)++;
    tape_build(&x.tape, v->n, fates, mix(number), NULL, hash);
    if (met(hash, v->n))
        return;
    lay_out(&x.tape, v->n, fates, mix(number), cache, hash);
    (*opened)++;
    if (!world_holds(&x.w, v->n, number % 8 == 0, why))
        fault("cut", number, "%s, operation %zu of %zu, %s; others %s, this one %s %zu; cache %s: %s",
              act_at(v->n), v->n, x.tape.count, op_text(&x.tape.ops[(v->op < v->n ? v->op + 1 : v->n) - 1]),
              parts[v->others], parts[v->fate.part], v->fate.sector, cache_names[cache], why);
}

static void cuts(void)
{
    struct variants l = { 0 };
    size_t built = 0, opened = 0;
    struct fate *fates = calloc(x.tape.count + 1, sizeof(*fates));
    for (size_t n = 1; n <= x.tape.count; n++)
        variants_at(&l, &x.tape, n);
    for (size_t i = 0; i < l.count; i++)
        if (chosen("cut", i, l.count) && is_on(l.v[i].n))
            cut_one(&l.v[i], i, fates, &built, &opened);
    printf("power cuts: %zu states there can be, %zu made, %zu of them different and opened\n", l.count,
           built, opened);
    printf("figures: %zu states of power cuts made, %zu different ones opened\n", built, opened);
    free(fates);
    free(l.v);
}

/* ---- killed, another goes on, and then the power is cut ---- */

/* as_of(n, out): the world as it was told by then. */
static void as_of(size_t n, struct world *out)
{
    *out = x.w;
    out->count = 0;
    for (size_t i = 0; i < x.w.count && x.w.p[i].from < n; i++) {
        out->p[out->count] = x.w.p[i];
        if (out->p[out->count].to > n)
            out->p[out->count].to = 0;
        out->count++;
    }
}

static void kill_one(size_t number, size_t n, size_t torn, size_t *opened)
{
    struct world later;
    struct tape t;
    struct cv_err err;
    uint8_t hash[32];
    char why[400];
    const enum caches cache = number % 2 == 0 ? CACHE_NONE : CACHE_START;
    as_of(n, &later);
    tape_fork(&x.tape, n, &t);
    if (torn > 0)
        t.ops[n - 1].n = torn * SECTOR;
    struct variants l = { 0 };
    struct fate *fates = calloc(n + 400, sizeof(*fates));
    lay_out(&t, n, fates, 0, cache, hash); /* all of it: the system went on */
    tape_start(&t);
    const struct act *put = &world_acts[world_act_count - 1];
    const cv_status st = world_do(&later, put, &t, &err);
    world_close(&later);
    tape_stop();
    if (st != CV_OK)
        fault("kill", number, "%s, killed after operation %zu, %s: nothing can be stored: %s", act_at(n), n,
              op_text(&x.tape.ops[n - 1]), err.msg);
    variants_at(&l, &t, t.count);
    for (size_t i = 0; i < l.count && st == CV_OK; i++) {
        if (!x.all && i > 1 && mix(number + i) % 8 != 0)
            continue;
        fates_of(&l.v[i], fates);
        lay_out(&t, t.count, fates, mix(i), CACHE_NONE, hash);
        (*opened)++;
        if (!world_holds(&later, t.count, false, why)) {
            fault("kill", number,
                  "%s, killed after operation %zu, %s, %zu sectors; then cut, variant %zu: %s", act_at(n), n,
                  op_text(&x.tape.ops[n - 1]), torn, i, why);
            break;
        }
    }
    free(l.v);
    free(fates);
    tape_free(&t);
}

static void kills(void)
{
    size_t total = 0, done = 0, opened = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t n = x.w.p[0].to + 1, i = 0; n <= x.tape.count; n++) {
            const struct op *o = &x.tape.ops[n - 1];
            const size_t sectors = o->kind == OP_WRITE ? (o->n + SECTOR - 1) / SECTOR : 1;
            const size_t step = x.all || sectors < 8 ? 1 : sectors / 3;
            for (size_t torn = 0; torn < sectors; torn += step, i++) {
                if (pass == 0)
                    total++;
                else if (chosen("kill", i, x.all ? total : 4 * total) && is_on(n)) {
                    kill_one(i, n, torn, &opened);
                    done++;
                }
            }
        }
    printf("killed, gone on, and cut: %zu places there are, %zu taken, %zu states opened\n", total, done,
           opened);
    printf("figures: %zu processes killed and followed by a cut, %zu states of them opened\n", done, opened);
}

/* ---- calls that fail ---- */

static const int failures[] = { ENOSPC, EIO, EINTR, EDQUOT, FAIL_SHORT, FAIL_FULL, FAIL_LONG };
#define FAILURE_COUNT (sizeof(failures) / sizeof(failures[0]))

/* mission(number, call, with, t, w): acts while that call fails. How many were refused. */
static size_t mission(size_t number, size_t call, int with, struct tape *t, struct world *w)
{
    uint8_t hash[32];
    struct cv_err err;
    size_t refused = 0;
    const size_t n = x.w.p[MISSION_BASE - 1].to;
    as_of(n, w);
    tape_fork(&x.tape, n, t);
    struct fate *fates = calloc(n + 1, sizeof(*fates));
    lay_out(t, n, fates, 0, CACHE_MID, hash);
    free(fates);
    for (size_t i = 0; i < n; i++)
        t->ops[i].durable = 0;
    t->fail_at = call;
    t->fail_with = with;
    tape_start(t);
    /* Where a disk does not even take back what it did not store, nobody else can know. */
    for (size_t i = 0; i < world_few_count && (with != FAIL_LONG || refused == 0 || !world_few[i].opens); i++)
        if (world_do(w, &world_few[i], t, &err) != CV_OK) {
            refused++;
            if (err.msg[0] == '\0')
                fault("fault", number, "%s: %s was refused without a word", t->failed, world_few[i].name);
        }
    world_close(w);
    tape_stop();
    return refused;
}

static void fail_one(size_t number, size_t *refusals)
{
    struct tape t;
    struct world w;
    uint8_t hash[32];
    char why[400];
    *refusals += mission(number, number / FAILURE_COUNT, failures[number % FAILURE_COUNT], &t, &w);
    if (!world_holds(&w, t.count, true, why))
        fault("fault", number, "%s: afterwards: %s", t.failed, why);
    else {
        struct fate *fates = calloc(t.count, sizeof(*fates));
        for (size_t i = 0; i < t.count; i++)
            fates[i].part = NONE;
        lay_out(&t, t.count, fates, 0, CACHE_NONE, hash);
        if (!world_holds(&w, t.count, true, why))
            fault("fault", number, "%s: and then a cut: %s", t.failed, why);
        free(fates);
    }
    tape_free(&t);
}

static void faults(void)
{
    struct tape t;
    struct world w;
    size_t done = 0, refusals = 0;
    if (mission(0, SIZE_MAX, 0, &t, &w) > 0)
        die("a mission without a fault was refused something");
    const size_t total = t.calls * FAILURE_COUNT;
    tape_free(&t);
    for (size_t i = 0; i < total; i++)
        if (chosen("fault", i, 2 * total)) {
            fail_one(i, &refusals);
            done++;
        }
    printf("calls that fail: %zu calls, %zu ways, %zu tried; %zu acts were refused\n", total / FAILURE_COUNT,
           total, done, refusals);
    printf("figures: %zu calls made to fail, %zu acts refused for it\n", done, refusals);
}

/* ---- ---- */

static void usage(void)
{
    die("usage: crash [--long] [--states N] [--seed N] [--on FILE] [--only cut|kill|fault NUMBER|all]");
}

static void options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--long") == 0)
            x.all = true;
        else if (i + 1 < argc && strcmp(argv[i], "--states") == 0)
            x.states = strtoul(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0)
            x.seed = strtoul(argv[++i], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--on") == 0)
            x.on = argv[++i];
        else if (i + 2 < argc && strcmp(argv[i], "--only") == 0) {
            x.only = argv[++i];
            x.only_number = strcmp(argv[++i], "all") == 0 ? SIZE_MAX : strtoul(argv[i], NULL, 10);
        } else
            usage();
}

int main(int argc, char **argv)
{
    const char *temp = getenv("TMPDIR");
    const time_t from = time(NULL);
    x.states = 45;
    x.seed = 1;
    options(argc, argv);
    snprintf(x.base, sizeof(x.base), "%s/casevault-crash-XXXXXX",
             temp != NULL                    ? temp
             : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                             : "/tmp");
    if (mkdtemp(x.base) == NULL)
        die("%s: cannot begin", x.base);
    snprintf(x.root, sizeof(x.root), "%s/root", x.base);
    if (mkdir(x.root, 0700) != 0)
        die("%s: cannot begin", x.root);
    snprintf(x.tape.root, sizeof(x.tape.root), "%s", x.root);
    x.tape.fail_at = SIZE_MAX;
    world_new(&x.w, x.root);
    record();
    cuts();
    kills();
    faults();
    world_free(&x.w);
    tape_free(&x.tape);
    cv_digests_free(&x.met);
    if (nftw(x.base, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
        die("%s: cannot remove it", x.base);
    printf("figures: %zu times that something acknowledged was lost\n", x.failures);
    printf("%s, in %ld seconds, seed %llu\n", x.failures == 0 ? "nothing lost" : "FAULTS WERE FOUND",
           (long)(time(NULL) - from), (unsigned long long)x.seed);
    return x.failures == 0 ? 0 : 1;
}
