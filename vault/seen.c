#include "vault/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "formats/digests.h"
#include "vault/heads.h"
#include "vault/memory.h"
#include "vault/regular.h"

#define KEYS_MAX 64     /* sets of sections whose key is at hand */
#define FRAME_MAX 16384 /* marks of one commit */
#define FRAME_HEAD 36   /* magic, count, index, handle */
#define FRAME_MAGIC "cvimprt1"

/* A key for the records of one type that give the same sections. */
struct shared_key {
    uint64_t sections; /* by their place in the type */
    const char *type;
    struct cv_secret key;
    bool known; /* all of the secrets could be opened */
};

/* What is asked of every record of a type. */
struct kind {
    const char *type;
    uint64_t coded; /* sections that are filled from others, and so no part of what came; by their place */
    bool reads_head;
};

struct cv_seen {
    struct cv_vault *v;
    struct cv_secret own; /* for own marks */
    struct cv_heads_sources index;
    struct kind *kinds;
    size_t kind_count;
    struct shared_key keys[KEYS_MAX];
    size_t key_count;
    /* of a member who may not read heads */
    int fd;
    uint64_t end; /* of the whole frames in the file */
    struct cv_digests before;
    struct cv_buf pending; /* marks of the commit under way */
    struct cv_stored first;
};

/* ---- keys ---- */

/* make_key(s, k): of the first secrets of its sections; not known if one of them does not open. */
static cv_status make_key(struct cv_seen *s, struct shared_key *k)
{
    struct cv_buf all = { 0 }; /* wiped when it is freed */
    const char *section;
    cv_status st = cv_secret_alloc(&k->key, CV_SHA256_BYTES);
    k->known = true;
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(s->v->template, k->type, i)) != NULL; i++) {
        struct cv_bytes secret = { 0 };
        const struct cv_object o = { "section", section, 1 };
        if (i >= 64 || (k->sections >> i & 1) == 0)
            continue;
        if (cv_keyring_secret(s->v->keys, &o, &secret, NULL) != CV_OK) {
            k->known = false;
            break;
        }
        st = cv_buf_field(&all, cv_bytes_str(section));
        st = CV_THEN(st, cv_buf_field(&all, secret));
    }
    if (k->known)
        st = CV_THEN(st, cv_hkdf(CV_HKDF_SHA256, CV_ARR(cv_vault_policy(s->v)->vault_id), cv_buf_view(&all),
                                 CV_LIT("casevault/1/imported"), k->key.p, k->key.n));
    cv_buf_free(&all);
    return st;
}

/* key_for(s, kind, record, out): of the sections that it gives. */
static cv_status key_for(struct cv_seen *s, const struct kind *kind, const struct cv_json *record,
                         const struct shared_key **out)
{
    const char *type = kind->type, *section;
    uint64_t sections = 0;
    for (size_t i = 0; i < 64 && (section = cv_template_type_section(s->v->template, type, i)) != NULL; i++)
        if (cv_json_len(cv_json_get(record, section)) > 0)
            sections |= (uint64_t)1 << i;
    sections &= ~kind->coded;
    for (size_t i = 0; i < s->key_count; i++)
        if (s->keys[i].sections == sections && s->keys[i].type == type) {
            *out = &s->keys[i];
            return CV_OK;
        }
    if (s->key_count == KEYS_MAX) {
        s->key_count--;
        cv_secret_free(&s->keys[s->key_count].key);
    }
    struct shared_key *k = &s->keys[s->key_count];
    *k = (struct shared_key){ .sections = sections, .type = type };
    cv_status st = make_key(s, k);
    if (st == CV_OK)
        s->key_count++;
    else
        cv_secret_free(&k->key);
    *out = k;
    return st;
}

/* ---- marks ---- */

static cv_status cut(struct cv_bytes key, const char *type, const char *source,
                     uint8_t out[static CV_SOURCE_BYTES])
{
    const struct cv_bytes parts[] = { cv_bytes_str(type), CV_LIT("\n"), cv_bytes_str(source) };
    uint8_t mac[CV_SHA256_BYTES];
    cv_status st = cv_hmac(CV_HMAC_SHA256, key, parts, 3, mac);
    memcpy(out, mac, CV_SOURCE_BYTES);
    return st;
}

/* kind_of(s, record): NULL for a type that the template does not have; the record will be refused for it. */
static const struct kind *kind_of(const struct cv_seen *s, const struct cv_json *record)
{
    const char *type = cv_json_get_str(record, "type");
    for (size_t i = 0; type != NULL && i < s->kind_count; i++)
        if (strcmp(s->kinds[i].type, type) == 0)
            return &s->kinds[i];
    return NULL;
}

cv_status cv_seen_mark(struct cv_seen *s, const struct cv_json *record, const char *source,
                       struct cv_mark *mark, struct cv_err *err)
{
    const struct shared_key *k = NULL;
    const struct kind *kind = kind_of(s, record);
    *mark = (struct cv_mark){ 0 };
    if (kind == NULL)
        return CV_OK;
    mark->reads_head = kind->reads_head;
    cv_status st = cut(cv_secret_view(&s->own), kind->type, source, mark->own);
    st = CV_THEN(st, key_for(s, kind, record, &k));
    mark->shares = st == CV_OK && k->known && mark->reads_head;
    if (mark->shares)
        st = cut(cv_secret_view(&k->key), kind->type, source, mark->shared);
    return cv_err_note(err, st, "import");
}

const uint8_t *cv_mark_source(const struct cv_mark *mark)
{
    return mark->shares ? mark->shared : mark->own;
}

cv_status cv_seen_known(struct cv_seen *s, const struct cv_mark *mark, bool *known, struct cv_err *err)
{
    *known = !mark->reads_head && cv_digests_get(&s->before, mark->own) != 0;
    cv_status st = CV_OK;
    if (mark->reads_head)
        st = cv_heads_source(s->v, &s->index, mark->own, known, err);
    if (mark->shares && !*known)
        st = CV_THEN(st, cv_heads_source(s->v, &s->index, mark->shared, known, err));
    return st;
}

/* ---- the memory of who may not read heads ---- */

/* A frame: magic (8), number of marks (4), index of the commit's first record (8), its handle (16), marks (16
 * each), SHA-256 of all that. */
static cv_status read_at(int fd, uint64_t at, size_t n, struct cv_buf *out)
{
    uint8_t *p = NULL;
    cv_status st = cv_buf_extend(out, n, &p);
    return st != CV_OK ? st : pread(fd, p, n, (off_t)at) == (ssize_t)n ? CV_OK : CV_ERR_NOTFOUND;
}

/* happened(s, index, handle): did the commit that a frame is of become whole? */
static cv_status happened(struct cv_seen *s, uint64_t index, struct cv_bytes handle, bool *out)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    cv_status st = cv_custody_read(s->v->custody, index, CV_KIND_RECORD, &data, NULL);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, NULL));
    *out = st == CV_OK && memcmp(env.handle, handle.p, handle.n) == 0;
    cv_buf_free(&data);
    return st == CV_ERR_IO || st == CV_ERR_NOMEM ? st : CV_OK;
}

/* take_frame(s, frame): the marks of one commit, if it is whole. */
static cv_status take_frame(struct cv_seen *s, struct cv_bytes marks, uint64_t index, struct cv_bytes handle)
{
    bool whole = false;
    uint64_t *value = NULL;
    cv_status st = happened(s, index, handle, &whole);
    for (size_t i = 0; st == CV_OK && whole && i + CV_SOURCE_BYTES <= marks.n; i += CV_SOURCE_BYTES)
        if ((st = cv_digests_at(&s->before, marks.p + i, &value)) == CV_OK)
            *value = 1;
    return st;
}

/* next_frame(s): CV_ERR_NOTFOUND at the end of those that are whole. */
static cv_status next_frame(struct cv_seen *s)
{
    struct cv_buf frame = { 0 };
    uint8_t hash[CV_SHA256_BYTES];
    cv_status st = read_at(s->fd, s->end, FRAME_HEAD, &frame);
    if (st == CV_OK && memcmp(frame.p, FRAME_MAGIC, 8) != 0)
        st = CV_ERR_NOTFOUND;
    struct cv_cursor c = { .rest = CV_BYTES(frame.p + 8, st == CV_OK ? 12 : 0) };
    const uint32_t count = cv_cursor_u32(&c);
    const uint64_t index = cv_cursor_u64(&c);
    const size_t marks = (size_t)count * CV_SOURCE_BYTES;
    if (st == CV_OK && count > FRAME_MAX)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, read_at(s->fd, s->end + FRAME_HEAD, marks + CV_SHA256_BYTES, &frame));
    st = CV_THEN(st, cv_sha256(CV_BYTES(frame.p, FRAME_HEAD + marks), hash));
    if (st == CV_OK && memcmp(hash, frame.p + FRAME_HEAD + marks, sizeof(hash)) != 0)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, take_frame(s, CV_BYTES(frame.p + FRAME_HEAD, marks), index,
                                CV_BYTES(frame.p + 20, CV_HANDLE_BYTES)));
    if (st == CV_OK)
        s->end += FRAME_HEAD + marks + CV_SHA256_BYTES;
    cv_buf_free(&frame);
    return st;
}

static cv_status load(struct cv_seen *s, struct cv_err *err)
{
    char dir[4096], path[4200];
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, err);
    if (st != CV_OK)
        return st;
    snprintf(path, sizeof(path), "%s/%s.imported", dir, cv_vault_policy(s->v)->vault);
    s->fd = cv_open_regular(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
    if (s->fd < 0)
        return cv_fail_errno(err, "%s: cannot open", path);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        return cv_fail(err, CV_ERR_LOCKED,
                       "another import of yours into this vault is under way; wait for it");
    while (st == CV_OK)
        st = next_frame(s);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(err, st, "import");
}

cv_status cv_seen_note(struct cv_seen *s, const struct cv_mark *mark, const struct cv_stored *stored)
{
    if (mark->reads_head)
        return CV_OK;
    if (s->pending.n == 0)
        s->first = *stored;
    return cv_buf_append(&s->pending, CV_ARR(mark->own));
}

cv_status cv_seen_keep(struct cv_seen *s, struct cv_err *err)
{
    struct cv_buf frame = { 0 };
    uint8_t hash[CV_SHA256_BYTES];
    if (s->pending.n == 0)
        return CV_OK;
    cv_status st = cv_buf_str(&frame, FRAME_MAGIC);
    st = CV_THEN(st, cv_buf_u32(&frame, (uint32_t)(s->pending.n / CV_SOURCE_BYTES)));
    st = CV_THEN(st, cv_buf_u64(&frame, s->first.index));
    st = CV_THEN(st, cv_buf_append(&frame, CV_ARR(s->first.handle)));
    st = CV_THEN(st, cv_buf_append(&frame, cv_buf_view(&s->pending)));
    st = CV_THEN(st, cv_sha256(cv_buf_view(&frame), hash));
    st = CV_THEN(st, cv_buf_append(&frame, CV_ARR(hash)));
    if (st == CV_OK &&
        (ftruncate(s->fd, (off_t)s->end) != 0 ||
         pwrite(s->fd, frame.p, frame.n, (off_t)s->end) != (ssize_t)frame.n || fdatasync(s->fd) != 0))
        st = cv_fail_errno(err, "the memory of imports: cannot write");
    if (st == CV_OK)
        s->end += frame.n;
    cv_buf_free(&frame);
    return cv_err_note(err, st, "import");
}

cv_status cv_seen_done(struct cv_seen *s, bool whole)
{
    uint64_t *value = NULL;
    cv_status st = CV_OK;
    for (size_t i = 0; whole && st == CV_OK && i + CV_SOURCE_BYTES <= s->pending.n; i += CV_SOURCE_BYTES)
        if ((st = cv_digests_at(&s->before, s->pending.p + i, &value)) == CV_OK)
            *value = 1;
    cv_buf_truncate(&s->pending, 0);
    return st;
}

/* ---- opening ---- */

/* coded_of(t, type): which of its sections are filled from others. */
static uint64_t coded_of(const struct cv_template *t, const char *type)
{
    const char *section, *other;
    uint64_t coded = 0;
    for (size_t i = 0; i < 64 && (section = cv_template_type_section(t, type, i)) != NULL; i++)
        for (size_t j = 0; (other = cv_template_type_section(t, type, j)) != NULL; j++)
            if (cv_template_codes(t, type, section, other))
                coded |= (uint64_t)1 << i;
    return coded;
}

/* writes(v, type): may this member write some section of such a record? */
static bool writes(const struct cv_vault *v, const char *type)
{
    const char *section;
    for (size_t j = 0; (section = cv_template_type_section(v->template, type, j)) != NULL; j++)
        if (cv_vault_may_create(v, section))
            return true;
    return false;
}

/* know_kinds(s, index, memory): and whether heads and the memory matter for what this member may write. */
static cv_status know_kinds(struct cv_seen *s, bool *index, bool *memory)
{
    const char *type;
    size_t n = 0;
    while (cv_template_type(s->v->template, n) != NULL)
        n++;
    if ((s->kinds = calloc(n + 1, sizeof(*s->kinds))) == NULL)
        return CV_ERR_NOMEM;
    for (; (type = cv_template_type(s->v->template, s->kind_count)) != NULL; s->kind_count++) {
        struct kind *k = &s->kinds[s->kind_count];
        *k = (struct kind){ .type = type, .coded = coded_of(s->v->template, type) };
        k->reads_head = cv_vault_may_read(s->v, cv_vault_head_section(s->v, type));
        if (writes(s->v, type))
            *(k->reads_head ? index : memory) = true;
    }
    return CV_OK;
}

cv_status cv_seen_open(struct cv_vault *v, struct cv_seen **out, struct cv_err *err)
{
    struct cv_seen *s = calloc(1, sizeof(*s));
    *out = NULL;
    if (s == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "import: out of memory");
    s->v = v;
    s->fd = -1;
    bool index = false, memory = false;
    cv_status st = know_kinds(s, &index, &memory);
    if (index)
        st = CV_THEN(st, cv_heads_catch_up(v, err));
    st = CV_THEN(
        st, cv_identity_derive(v->id, CV_ARR(cv_vault_policy(v)->vault_id), CV_LIT("imported"), &s->own));
    st = CV_THEN(st, cv_heads_sources_open(v, &s->index, err));
    if (st == CV_OK && memory)
        st = load(s, err);
    if (st == CV_OK)
        *out = s;
    else
        cv_seen_close(s);
    return cv_err_note(err, st, "import");
}

void cv_seen_close(struct cv_seen *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->key_count; i++)
        cv_secret_free(&s->keys[i].key);
    cv_secret_free(&s->own);
    cv_secret_free(&s->index.key);
    free(s->kinds);
    cv_digests_free(&s->before);
    cv_buf_free(&s->pending);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}
