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
#include "formats/digests.h"
#include "vault/io.h"
#include "vault/memory.h"
#include "vault/regular.h"

#define FRAME_MAX 16384 /* records of one commit */
#define FRAME_HEAD 36   /* magic, count, index, handle */
#define FRAME_MAGIC "cvimprt2"
#define NOTE_BYTES (CV_ID_BYTES + 8)
#define ITEM_BYTES (CV_DIGEST_BYTES + NOTE_BYTES)
#define BEGIN_TRIES 16

/* What is asked of every record of a type. */
struct kind {
    const char *type;
    uint64_t coded; /* sections that are filled from others, and so no part of what came */
    uint64_t first; /* its first section */
    bool reads_head;
};

struct cv_seen {
    struct cv_vault *v;
    struct kind *kinds;
    size_t kind_count;
    uint64_t read; /* sections that this member reads; as all of them by their place in the template */
    /* of a member who reads heads of something that they may write */
    bool indexed;
    struct cv_heads_sources index;
    uint64_t records; /* how many there were when all of them were known */
    /* of a member who may write what they cannot know again by its head */
    int fd;
    struct cv_secret own;
    uint64_t end;             /* of the whole frames in the file */
    struct cv_digests before; /* own marks: where in the file */
    struct cv_buf pending;    /* of the commit under way */
    struct cv_stored first;
};

/* ---- marks ---- */

/* kind_of(s, record): NULL for a type that the template does not have; the record will be refused for it. */
static const struct kind *kind_of(const struct cv_seen *s, const struct cv_json *record)
{
    const char *type = cv_json_get_str(record, "type");
    for (size_t i = 0; type != NULL && i < s->kind_count; i++)
        if (strcmp(s->kinds[i].type, type) == 0)
            return &s->kinds[i];
    return NULL;
}

uint64_t cv_seen_filled(const struct cv_seen *s, const struct cv_json *record)
{
    const struct kind *kind = kind_of(s, record);
    const char *section;
    uint64_t sections = 0;
    for (size_t i = 0; kind != NULL && i < 64 && (section = cv_template_section(s->v->template, i)) != NULL;
         i++)
        if (cv_json_len(cv_json_get(record, section)) > 0)
            sections |= (uint64_t)1 << i;
    return kind != NULL ? sections & ~kind->coded : 0;
}

cv_status cv_seen_mark(struct cv_seen *s, const struct cv_json *record, const struct cv_brought *from,
                       struct cv_mark *mark, struct cv_err *err)
{
    const struct kind *kind = kind_of(s, record);
    uint8_t hash[CV_SHA256_BYTES];
    char text[400];
    *mark = (struct cv_mark){ 0 };
    if (kind == NULL)
        return CV_OK;
    mark->reads_head = kind->reads_head;
    mark->from.file = from->file;
    mark->from.sections = from->by_id || from->sections == 0 ? kind->first : from->sections;
    mark->remembered = !kind->reads_head || (mark->from.sections & ~s->read) != 0;
    snprintf(text, sizeof(text), "%s\n%s/%zu", kind->type, from->source, from->nth);
    cv_status st = cv_sha256(cv_bytes_str(text), hash);
    memcpy(mark->from.digest, hash, sizeof(mark->from.digest));
    if (s->fd >= 0)
        st = CV_THEN(st, cv_hmac_sha256(cv_secret_view(&s->own), cv_bytes_str(text), hash));
    memcpy(mark->own, hash, sizeof(mark->own));
    return cv_err_note(err, st, "import");
}

/* ---- the memory of who cannot read what they bring ---- */

/* A frame: magic (8), number of records (4), index of the commit's first one (8), its handle (16); of each
 * its mark (16) and, hidden, its id (16) and file (8); SHA-256 of all that. */
static cv_status read_at(int fd, uint64_t at, size_t n, struct cv_buf *out)
{
    uint8_t *p = NULL;
    cv_status st = cv_buf_extend(out, n, &p);
    if (st != CV_OK)
        return st;
    const ssize_t got = cv_io_pread(fd, p, n, at);
    return got == (ssize_t)n ? CV_OK : got < 0 ? CV_ERR_IO : CV_ERR_NOTFOUND;
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

/* take_items(s, items, at): what the file holds from ${at} on counts. */
static cv_status take_items(struct cv_seen *s, struct cv_bytes items, uint64_t at)
{
    uint64_t *value = NULL;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && i + ITEM_BYTES <= items.n; i += ITEM_BYTES)
        if ((st = cv_digests_at(&s->before, items.p + i, &value)) == CV_OK && *value == 0)
            *value = at + i;
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
    const size_t items = (size_t)count * ITEM_BYTES;
    bool whole = false;
    if (st == CV_OK && count > FRAME_MAX)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, read_at(s->fd, s->end + FRAME_HEAD, items + CV_SHA256_BYTES, &frame));
    st = CV_THEN(st, cv_sha256(CV_BYTES(frame.p, FRAME_HEAD + items), hash));
    if (st == CV_OK && memcmp(hash, frame.p + FRAME_HEAD + items, sizeof(hash)) != 0)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, happened(s, index, CV_BYTES(frame.p + 20, CV_HANDLE_BYTES), &whole));
    if (whole)
        st = CV_THEN(st, take_items(s, CV_BYTES(frame.p + FRAME_HEAD, items), s->end + FRAME_HEAD));
    if (st == CV_OK)
        s->end += FRAME_HEAD + items + CV_SHA256_BYTES;
    cv_buf_free(&frame);
    return st;
}

static cv_status load(struct cv_seen *s, struct cv_err *err)
{
    char dir[4096], path[4200];
    cv_status st = cv_user_dir("XDG_STATE_HOME", ".local/state", NULL, dir, err);
    if (st != CV_OK)
        return st;
    st = cv_identity_derive(s->v->id, CV_ARR(cv_vault_policy(s->v)->vault_id), CV_LIT("imported"), &s->own);
    snprintf(path, sizeof(path), "%s/%s.imported", dir, cv_vault_policy(s->v)->vault);
    if (st != CV_OK)
        return cv_err_note(err, st, "import");
    s->fd = cv_open_regular(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
    if (s->fd < 0)
        return cv_fail_errno(err, "%s: cannot open", path);
    if (cv_io_sync_parent(path) != 0) /* it may be new */
        return cv_fail_errno(err, "%s: cannot make it durable", path);
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        return cv_fail(err, CV_ERR_LOCKED,
                       "another import of yours into this vault is under way; wait for it");
    while (st == CV_OK)
        st = next_frame(s);
    if (st == CV_ERR_IO) /* what cannot be read must not be taken for the end, and written over */
        return cv_fail(err, st, "%s: cannot read", path);
    return st == CV_ERR_NOTFOUND ? CV_OK : cv_err_note(err, st, "import");
}

/* note_of(s, own, note): hide or show the id and the file of an own mark. */
static cv_status note_of(const struct cv_seen *s, const uint8_t *own, uint8_t note[static NOTE_BYTES])
{
    const struct cv_bytes parts[] = { CV_LIT("\n"), CV_BYTES(own, CV_DIGEST_BYTES) };
    uint8_t pad[CV_SHA256_BYTES];
    cv_status st = cv_hmac(CV_HMAC_SHA256, cv_secret_view(&s->own), parts, 2, pad);
    for (size_t i = 0; i < NOTE_BYTES; i++)
        note[i] ^= pad[i];
    return st;
}

cv_status cv_seen_note(struct cv_seen *s, const struct cv_mark *mark, const struct cv_stored *stored)
{
    uint8_t note[NOTE_BYTES];
    if (!mark->remembered || s->fd < 0)
        return CV_OK;
    if (s->pending.n == 0)
        s->first = *stored;
    cv_status st = cv_id_parse(cv_bytes_str(stored->id), note, NULL);
    cv_store_u64(note + CV_ID_BYTES, mark->from.file);
    st = CV_THEN(st, note_of(s, mark->own, note));
    st = CV_THEN(st, cv_buf_append(&s->pending, CV_ARR(mark->own)));
    return CV_THEN(st, cv_buf_append(&s->pending, CV_ARR(note)));
}

cv_status cv_seen_keep(struct cv_seen *s, struct cv_err *err)
{
    struct cv_buf frame = { 0 };
    uint8_t hash[CV_SHA256_BYTES];
    if (s->pending.n == 0)
        return CV_OK;
    cv_status st = cv_buf_str(&frame, FRAME_MAGIC);
    st = CV_THEN(st, cv_buf_u32(&frame, (uint32_t)(s->pending.n / ITEM_BYTES)));
    st = CV_THEN(st, cv_buf_u64(&frame, s->first.index));
    st = CV_THEN(st, cv_buf_append(&frame, CV_ARR(s->first.handle)));
    st = CV_THEN(st, cv_buf_append(&frame, cv_buf_view(&s->pending)));
    st = CV_THEN(st, cv_sha256(cv_buf_view(&frame), hash));
    st = CV_THEN(st, cv_buf_append(&frame, CV_ARR(hash)));
    if (st == CV_OK &&
        (cv_io->ftruncate(s->fd, (off_t)s->end) != 0 ||
         cv_io_pwrite(s->fd, cv_buf_view(&frame), s->end) != 0 || cv_io->fdatasync(s->fd) != 0))
        st = cv_fail_errno(err, "the memory of imports: cannot write");
    if (st == CV_OK)
        s->end += frame.n;
    cv_buf_free(&frame);
    return cv_err_note(err, st, "import");
}

cv_status cv_seen_done(struct cv_seen *s, bool whole)
{
    cv_status st = CV_OK;
    if (whole && s->pending.n > 0)
        st = take_items(s, cv_buf_view(&s->pending), s->end - CV_SHA256_BYTES - s->pending.n);
    if (whole)
        s->records = s->v->custody->counts[CV_KIND_RECORD];
    cv_buf_truncate(&s->pending, 0);
    return st;
}

/* ---- looking up ---- */

/* still_there(s, id, out): what the memory says of a record that was erased counts no more; who does not read
 * its head cannot know. */
static cv_status still_there(struct cv_seen *s, const char *id, bool *out, struct cv_err *err)
{
    struct cv_versions list = { 0 };
    cv_status st = cv_heads_find(s->v, id, &list, err);
    *out = list.count > 0;
    cv_versions_free(&list);
    return st;
}

/* recall(s, mark, out): by the memory. */
static cv_status recall(struct cv_seen *s, const struct cv_mark *mark, struct cv_before *out,
                        struct cv_err *err)
{
    struct cv_buf item = { 0 };
    const uint64_t at = cv_digests_get(&s->before, mark->own);
    if (at == 0)
        return CV_OK;
    cv_status st = read_at(s->fd, at, ITEM_BYTES, &item);
    if (st == CV_OK && memcmp(item.p, mark->own, CV_DIGEST_BYTES) == 0) {
        uint8_t *note = item.p + CV_DIGEST_BYTES;
        st = note_of(s, mark->own, note);
        cv_id_text(note, out->id);
        out->file = cv_load_u64(note + CV_ID_BYTES);
        out->known = true;
        if (mark->reads_head)
            st = CV_THEN(st, still_there(s, out->id, &out->known, err));
    }
    cv_buf_free(&item);
    return st == CV_ERR_NOTFOUND ? cv_fail(err, CV_ERR_IO, "the memory of imports: cannot read") : st;
}

cv_status cv_seen_known(struct cv_seen *s, const struct cv_mark *mark, struct cv_before *out,
                        struct cv_err *err)
{
    cv_status st = CV_OK;
    *out = (struct cv_before){ 0 };
    if (mark->reads_head)
        st = cv_heads_source(s->v, &s->index, mark->from.digest, out, err);
    if (st == CV_OK && !out->known && s->fd >= 0)
        st = recall(s, mark, out, err);
    return cv_err_note(err, st, "import");
}

/* catch_up(s): what heads say now. */
static cv_status catch_up(struct cv_seen *s, struct cv_err *err)
{
    cv_status st = cv_heads_catch_up(s->v, err);
    s->records = s->v->listed;
    return CV_THEN(st, cv_heads_sources_open(s->v, &s->index, err));
}

cv_status cv_seen_begin(struct cv_seen *s, bool *news, struct cv_err *err)
{
    *news = false;
    for (size_t i = 0; i < BEGIN_TRIES; i++) {
        cv_status st = cv_vault_begin(s->v, err);
        if (st != CV_OK || !s->indexed || s->v->custody->counts[CV_KIND_RECORD] == s->records)
            return st;
        cv_vault_abort(s->v);
        *news = true;
        if ((st = catch_up(s, err)) != CV_OK)
            return cv_err_note(err, st, "import");
    }
    return cv_fail(err, CV_ERR_LOCKED, "others store records all the time; import again in a moment");
}

/* ---- opening ---- */

/* coded(t, type, section): is it filled from others? */
static bool coded(const struct cv_template *t, const char *type, const char *section)
{
    const char *other;
    for (size_t j = 0; (other = cv_template_type_section(t, type, j)) != NULL; j++)
        if (cv_template_codes(t, type, section, other))
            return true;
    return false;
}

/* know_kind(s, k, memory): and whether heads and the memory matter for what this member may write of it. */
static void know_kind(struct cv_seen *s, struct kind *k, bool *memory)
{
    const char *section, *first = cv_template_type_section(s->v->template, k->type, 0);
    bool writes = false, blind = false;
    k->reads_head = cv_vault_may_read(s->v, cv_vault_head_section(s->v, k->type));
    for (size_t i = 0; i < 64 && (section = cv_template_section(s->v->template, i)) != NULL; i++) {
        const uint64_t bit = (uint64_t)1 << i;
        const bool reads = cv_vault_may_read(s->v, section), creates = cv_vault_may_create(s->v, section);
        s->read |= reads ? bit : 0;
        if (!cv_template_has(s->v->template, k->type, section))
            continue;
        k->coded |= coded(s->v->template, k->type, section) ? bit : 0;
        k->first |= first != NULL && strcmp(first, section) == 0 ? bit : 0;
        writes = writes || creates;
        blind = blind || (!reads && ((k->first & bit) != 0 || (creates && (k->coded & bit) == 0)));
    }
    s->indexed = s->indexed || (writes && k->reads_head);
    *memory = *memory || (writes && (!k->reads_head || blind));
}

static cv_status know_kinds(struct cv_seen *s, bool *memory)
{
    const char *type;
    size_t n = 0;
    while (cv_template_type(s->v->template, n) != NULL)
        n++;
    if ((s->kinds = calloc(n + 1, sizeof(*s->kinds))) == NULL)
        return CV_ERR_NOMEM;
    for (; (type = cv_template_type(s->v->template, s->kind_count)) != NULL; s->kind_count++) {
        struct kind *k = &s->kinds[s->kind_count];
        k->type = type;
        know_kind(s, k, memory);
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
    bool memory = false;
    cv_status st = know_kinds(s, &memory);
    if (s->indexed)
        st = CV_THEN(st, catch_up(s, err));
    if (memory)
        st = CV_THEN(st, load(s, err));
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
    cv_secret_free(&s->own);
    cv_secret_free(&s->index.key);
    free(s->kinds);
    cv_digests_free(&s->before);
    cv_buf_free(&s->pending);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}
