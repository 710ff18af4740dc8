#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "vault/heads.h"
#include "vault/index_inside.h"
#include "vault/memory.h"
#include "vault/regular.h"

#define LEFT_SECONDS 3600 /* a file that is being written is younger */

/* ---- keys ---- */

/* block_hash(x, slot, count, out): of slots of one block; that of a whole block is kept. */
static cv_status block_hash(struct cv_index *x, uint64_t slot, size_t count, uint8_t out[static 32],
                            struct cv_err *err)
{
    const size_t block = (size_t)(slot / CV_RELEASE_HASH_MAX);
    struct cv_release *release = &x->v->custody->release;
    if (count < CV_RELEASE_HASH_MAX)
        return cv_release_hash(release, slot, count, out, err);
    if (block >= x->block_count) {
        struct cv_slot_block *more = realloc(x->blocks, 2 * (block + 1) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        memset(more + x->block_count, 0, (2 * (block + 1) - x->block_count) * sizeof(*more));
        x->blocks = more;
        x->block_count = 2 * (block + 1);
    }
    cv_status st =
        x->blocks[block].known ? CV_OK : cv_release_hash(release, slot, count, x->blocks[block].hash, err);
    x->blocks[block].known = st == CV_OK;
    memcpy(out, x->blocks[block].hash, 32);
    return st;
}

/* slots_hash(x, from, to, out): of the release keys that a shard's records are under. Whichever of them is
 * destroyed, the shard does not open any more. */
static cv_status slots_hash(struct cv_index *x, uint64_t from, uint64_t to, uint8_t out[static 32],
                            struct cv_err *err)
{
    struct cv_buf hashes = { 0 };
    uint8_t hash[32];
    cv_status st = CV_OK;
    while (from < to && st == CV_OK) {
        const uint64_t end = (from / CV_RELEASE_HASH_MAX + 1) * CV_RELEASE_HASH_MAX;
        const uint64_t stop = end < to ? end : to;
        st = block_hash(x, from, (size_t)(stop - from), hash, err);
        st = CV_THEN(st, cv_buf_append(&hashes, CV_ARR(hash)));
        from = stop;
    }
    st = CV_THEN(st, cv_sha256(cv_buf_view(&hashes), out));
    cv_buf_free(&hashes);
    return st;
}

/* log_hash(x, to, out): of the last entry that a shard covers, so that it opens in this log alone, and not
 * after the vault went back and on in another way. */
static cv_status log_hash(struct cv_index *x, uint64_t to, uint8_t out[static 32], struct cv_err *err)
{
    memset(out, 0, 32);
    return to > 0 ? cv_custody_hash(x->v->custody, to - 1, out, err) : CV_OK;
}

cv_status cv_index_key(struct cv_index *x, const char *section, const struct cv_shard_head *head,
                       struct cv_secret *out, struct cv_err *err)
{
    const struct cv_object o = { "section", section, head->epoch };
    struct cv_bytes secret;
    struct cv_buf info = { 0 };
    uint8_t salt[32], last[32];
    *out = (struct cv_secret){ 0 };
    cv_status st = cv_keyring_secret(x->v->keys, &o, &secret, err);
    st = CV_THEN(st, slots_hash(x, head->slot_from, head->slot_to, salt, err));
    st = CV_THEN(st, log_hash(x, head->to, last, err));
    st = CV_THEN(st, cv_buf_str(&info, "casevault/1/index"));
    st = CV_THEN(st, cv_buf_field(&info, CV_BYTES(cv_vault_policy(x->v)->vault_id, CV_VAULT_ID_BYTES)));
    st = CV_THEN(st, cv_buf_field(&info, cv_bytes_str(section)));
    st = CV_THEN(st, cv_buf_field(&info, CV_ARR(last)));
    st = CV_THEN(st, cv_secret_alloc(out, 32));
    st = CV_THEN(st, cv_hkdf(CV_HKDF_SHA256, CV_ARR(salt), secret, cv_buf_view(&info), out->p, out->n));
    cv_wipe(salt, sizeof(salt));
    cv_buf_free(&info);
    if (st != CV_OK)
        cv_secret_free(out);
    return st;
}

struct cv_shard_place cv_index_place(const struct cv_index *x, const struct cv_index_section *s)
{
    const struct cv_policy *p = cv_vault_policy(x->v);
    return (struct cv_shard_place){ p->vault_id, s->name, p->template_hash, s->fields };
}

/* met_before(t, i, section, name): has one of the first ${i} types this field, too? */
static bool met_before(const struct cv_template *t, size_t i, const char *section, const char *name)
{
    struct cv_template_field f;
    for (size_t k = 0; k < i; k++)
        if (cv_template_field_named(t, cv_template_type(t, k), section, name, &f))
            return true;
    return false;
}

int64_t cv_index_fields(const struct cv_template *t, const char *section)
{
    const char *type;
    struct cv_template_field f, in;
    int64_t count = 1, fields = 16; /* one for what is none of them */
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        for (size_t k = 0; cv_template_field(t, type, section, k, &f); k++) {
            count += met_before(t, i, section, f.name) ? 0 : 1;
            for (size_t n = 0; cv_template_inner(t, type, section, f.name, n, &in); n++)
                count++;
        }
    while (fields < count && fields < CV_SHARD_FIELDS_MAX)
        fields *= 2;
    return fields;
}

/* ---- files ---- */

void cv_index_path(const struct cv_index *x, const char *section, uint64_t from, char out[static 4200])
{
    snprintf(out, 4200, "%s/%s-%011" PRIu64, x->dir, section, from);
}

cv_status cv_index_insert(struct cv_index_section *s, size_t at, const struct cv_shard_head *head,
                          struct cv_shard **out)
{
    struct cv_shard *shard = calloc(1, sizeof(*shard));
    if (shard != NULL && s->count == s->room) {
        struct cv_shard **more = realloc(s->shards, (2 * s->room + 4) * sizeof(*more));
        if (more != NULL) {
            s->shards = more;
            s->room = 2 * s->room + 4;
        }
    }
    if (shard == NULL || s->count == s->room) {
        free(shard);
        return CV_ERR_NOMEM;
    }
    shard->head = *head;
    memmove(s->shards + at + 1, s->shards + at, (s->count - at) * sizeof(*s->shards));
    s->shards[at] = *out = shard;
    s->count++;
    return CV_OK;
}

void cv_index_remove(struct cv_index_section *s, size_t at)
{
    cv_shard_close(s->shards[at]);
    free(s->shards[at]);
    s->count--;
    memmove(s->shards + at, s->shards + at + 1, (s->count - at) * sizeof(*s->shards));
}

/* is_whole(x, s, shard): does its file open to its end? */
static cv_status is_whole(struct cv_index *x, const struct cv_index_section *s, const struct cv_shard *shard)
{
    const struct cv_shard_place place = cv_index_place(x, s);
    struct cv_shard again = { .head = shard->head };
    struct cv_secret key = { 0 };
    char path[4200];
    cv_index_path(x, s->name, shard->head.from, path);
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return CV_OK;
    cv_status st = cv_index_key(x, s->name, &shard->head, &key, NULL);
    if (st == CV_OK)
        st = cv_shard_open(&again, fd, cv_secret_view(&key), &place, true);
    else
        close(fd);
    cv_shard_close(&again);
    cv_secret_free(&key);
    if (st != CV_OK && st != CV_ERR_NOMEM)
        unlink(path);
    return st;
}

cv_status cv_index_put_away(struct cv_index *x)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->count && st != CV_ERR_NOMEM; i++)
        for (size_t k = 0; !x->s[i].granted && k < x->s[i].count && st != CV_ERR_NOMEM; k++)
            st = is_whole(x, &x->s[i], x->s[i].shards[k]);
    return st == CV_ERR_NOMEM ? st : CV_OK;
}

/* open_file(x, s, from): the shard that begins there, if it opens; what does not is made anew later. */
static cv_status open_file(struct cv_index *x, struct cv_index_section *s, uint64_t from, struct cv_err *err)
{
    char path[4200];
    struct cv_shard_head head;
    struct cv_shard *shard = NULL;
    struct cv_secret key = { 0 };
    const struct cv_shard_place place = cv_index_place(x, s);
    const uint64_t covered = s->count > 0 ? s->shards[s->count - 1]->head.to : 0;
    cv_index_path(x, s->name, from, path);
    const int fd = cv_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return CV_OK;
    if (cv_shard_peek(fd, &head) != CV_OK || head.from != from || from < covered ||
        head.to > x->v->custody->chain.next || cv_index_key(x, s->name, &head, &key, NULL) != CV_OK) {
        close(fd);
        if (from < covered)
            unlink(path); /* what it held was put into the shard before it */
        return CV_OK;
    }
    cv_status st = cv_index_insert(s, s->count, &head, &shard);
    if (st != CV_OK)
        close(fd);
    else {
        st = cv_shard_open(shard, fd, cv_secret_view(&key), &place, false);
        if (st != CV_OK)
            cv_index_remove(s, s->count - 1);
    }
    cv_secret_free(&key);
    return st == CV_ERR_NOMEM ? cv_err_note(err, st, "index") : CV_OK;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* begins(x, section, out, count): at which entries files of this section begin; ${out} is to be freed. */
static cv_status begins(const struct cv_index *x, const char *section, uint64_t **out, size_t *count)
{
    const size_t n = strlen(section);
    DIR *d = opendir(x->dir);
    const struct dirent *e;
    cv_status st = CV_OK;
    *out = NULL;
    *count = 0;
    while (d != NULL && st == CV_OK && (e = readdir(d)) != NULL) {
        uint64_t from = 0;
        const char *digits =
            strncmp(e->d_name, section, n) == 0 && e->d_name[n] == '-' ? e->d_name + n + 1 : "";
        while (*digits == '0' && digits[1] != '\0')
            digits++;
        if (!cv_bytes_number(cv_bytes_str(digits), &from))
            continue;
        uint64_t *more = realloc(*out, (*count + 1) * sizeof(*more));
        st = more == NULL ? CV_ERR_NOMEM : CV_OK;
        if (more == NULL)
            break;
        *out = more;
        more[(*count)++] = from;
    }
    if (d != NULL)
        closedir(d);
    if (*count > 0)
        qsort(*out, *count, sizeof(**out), by_number);
    return st;
}

/* sweep(x): what a process that was killed left half written. */
static void sweep(const struct cv_index *x)
{
    DIR *d = opendir(x->dir);
    const struct dirent *e;
    struct stat info;
    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && strchr(e->d_name, '.') != NULL &&
            fstatat(dirfd(d), e->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            info.st_mtime < time(NULL) - LEFT_SECONDS)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
}

static cv_status open_section(struct cv_index *x, struct cv_index_section *s, struct cv_err *err)
{
    uint64_t *froms = NULL;
    size_t count = 0;
    cv_status st = begins(x, s->name, &froms, &count);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = open_file(x, s, froms[i], err);
    free(froms);
    return st;
}

/* ---- opening ---- */

/* readable(v, section, out): by a role, whose key has arrived: for a newcomer it may be under way. */
static cv_status readable(struct cv_vault *v, const char *section, bool *out, struct cv_err *err)
{
    struct cv_bytes secret;
    struct cv_err bad = { 0 };
    *out = false;
    if (!cv_vault_may_read(v, section))
        return CV_OK;
    const cv_status st = cv_keyring_section(v->keys, section, &secret, &bad);
    *out = st == CV_OK;
    return st == CV_OK || st == CV_ERR_NOKEY ? CV_OK : cv_fail(err, st, "%s", bad.msg);
}

static cv_status open_index(struct cv_index *x, struct cv_err *err)
{
    char leaf[CV_VAULT_HEX_BYTES + 16];
    const char *section;
    size_t n = 0;
    while (cv_template_section(x->v->template, n) != NULL)
        n++;
    snprintf(leaf, sizeof(leaf), "%s/index", cv_vault_policy(x->v)->vault);
    x->s = calloc(n + 1, sizeof(*x->s));
    cv_status st = x->s == NULL ? CV_ERR_NOMEM : cv_folder_new(&x->folder);
    st = CV_THEN(st, cv_user_dir("XDG_CACHE_HOME", ".cache", leaf, x->dir, err));
    if (st == CV_OK)
        sweep(x);
    for (size_t i = 0; st == CV_OK && (section = cv_template_section(x->v->template, i)) != NULL; i++) {
        bool mine = false;
        st = readable(x->v, section, &mine, err);
        if (st != CV_OK || !mine)
            continue;
        struct cv_index_section *s = &x->s[x->count++];
        snprintf(s->name, sizeof(s->name), "%s", section);
        s->kinds = cv_marks_kinds(x->v->template, section);
        s->fields = cv_index_fields(x->v->template, section);
        st = open_section(x, s, err);
    }
    return st;
}

cv_status cv_index_open(struct cv_vault *v, const char *reason, struct cv_index **out, struct cv_err *err)
{
    struct cv_index *x = calloc(1, sizeof(*x));
    *out = NULL;
    if (x == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "index: out of memory");
    x->v = v;
    cv_status st = cv_vault_policy(v)->reason_required && reason == NULL
                       ? cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT")
                       : cv_heads_catch_up(v, err);
    st = CV_THEN(st, open_index(x, err));
    st = CV_THEN(st, cv_index_try_again(x, err));
    st = CV_THEN(st, cv_index_build(x, reason, err));
    if (st == CV_OK)
        *out = x;
    else
        cv_index_free(x);
    return cv_err_note(err, st, "index");
}

void cv_index_free(struct cv_index *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->count; i++) {
        while (x->s[i].count > 0)
            cv_index_remove(&x->s[i], x->s[i].count - 1);
        free(x->s[i].shards);
        free(x->s[i].late);
    }
    free(x->s);
    if (x->blocks != NULL)
        cv_wipe(x->blocks, x->block_count * sizeof(*x->blocks));
    free(x->blocks);
    free(x->lost);
    cv_folder_free(x->folder);
    free(x);
}

size_t cv_index_unread(const struct cv_index *x)
{
    return x->lost_count;
}

bool cv_index_lacks(const struct cv_index *x, uint64_t entry)
{
    for (size_t i = 0; i < x->lost_count; i++)
        if (x->lost[i].entry == entry)
            return true;
    return false;
}

const char *cv_index_section(const struct cv_index *x, size_t i)
{
    return i < x->count ? x->s[i].name : NULL;
}
