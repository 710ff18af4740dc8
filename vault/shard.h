#ifndef CV_VAULT_SHARD_H
#define CV_VAULT_SHARD_H

#include <sqlite3.h>

#include "crypto/bytes.h"
#include "crypto/secret.h"
#include "formats/err.h"
#include "formats/policy.h"

/**
 * A shard: what the index of one section knows of a span of the log's entries. An SQLite database, sealed in
 * a file of its own (docs/FORMAT.md, section 25). For the index*.c files alone.
 *
 *   field(no, name)      the fields that were met: "first_name", "documents.number"
 *   kind(no, name)       kinds of marks that were met
 *   rec(ord, entry,      an entry in which this section of a record stands
 *     version, type, id)
 *   late(id, version)    versions above 1: what was indexed of those before stands no more
 *   word                 FTS5, contentless: a row per field of a rec, of its folded words; its rowid is
 *                        ord * fields + field. A date is one word, without its hyphens
 *   seen                 its vocabulary, each instance
 *   name(word)           the folded words of names
 *   mark(kind, value,    vault/marks.h; the value of a `ref` is the id's bytes
 *     ord, field)
 *   lost(entry, again)   entries of the span that could not be read; again: damaged, and to be tried again
 */
#define CV_SHARD_FIELDS_MAX 512
#define CV_SHARD_KINDS_MAX 32
#define CV_SHARD_ID_BYTES 16

/* The head of its file; all of it is bound to the message that follows. */
struct cv_shard_head {
    uint64_t from, to;           /* entries of the log: to is not covered any more */
    uint64_t slot_from, slot_to; /* release keys of these entries lie in this span, which may be empty */
    uint32_t epoch;              /* of the section's secret */
    uint32_t records;
};
#define CV_SHARD_HEAD_BYTES 48

/* An entry that could not be read. */
struct cv_shard_lost {
    uint64_t entry;
    bool
        again; /* it is damaged, and may be mended; else it is whole, and no author wrote it with casevault */
};

/* With so many records a shard is full, and the next begins: 16,384, or fewer in tests. */
extern uint32_t cv_shard_full;
/* What is written for another end than a search goes into a shard of its own once the last one has so many,
 * so that nobody has to hold a large one for that: 1,024, or fewer in tests. */
extern uint32_t cv_shard_small;

enum cv_shard_query {
    CV_SHARD_ADD_FIELD,
    CV_SHARD_ADD_KIND,
    CV_SHARD_ADD_REC,
    CV_SHARD_ADD_LATE,
    CV_SHARD_ADD_WORDS,
    CV_SHARD_ADD_NAME,
    CV_SHARD_ADD_MARK,
    CV_SHARD_ADD_LOST,
    CV_SHARD_FIELD,
    CV_SHARD_KIND,
    CV_SHARD_REC,
    CV_SHARD_LATE,
    CV_SHARD_MATCH,
    CV_SHARD_RANGE,
    CV_SHARD_NAMES,
    CV_SHARD_MARK,
    CV_SHARD_MARKS_OF,
    CV_SHARD_LOST,
    CV_SHARD_QUERIES
};

struct cv_shard {
    struct cv_shard_head head;
    sqlite3 *db;
    sqlite3_stmt *stmt[CV_SHARD_QUERIES];
    int64_t fields; /* there can be in the section: a power of two */
    char *field[CV_SHARD_FIELDS_MAX], *kind[CV_SHARD_KINDS_MAX]; /* by number; NULL behind the last */
    struct cv_shard_lost *lost;
    size_t lost_count;
};

/** cv_shard_peek(fd, out): the head of a file. CV_OK; CV_ERR_FORMAT; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_shard_peek(int fd, struct cv_shard_head *out);

/** Where a shard belongs: bound to its message. */
struct cv_shard_place {
    const uint8_t *vault_id;
    const char *section;
    const uint8_t *template_hash;
    int64_t fields; /* that the template has in the section, up to a power of two, at most the maximum */
};

/** cv_shard_open(s, fd, key, place, write): s->head is set; takes ${fd} over; -1: a new one, to write to.
 * CV_OK; CV_ERR_AUTH, CV_ERR_FORMAT, CV_ERR_IO where it has to be made anew; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_shard_open(struct cv_shard *s, int fd, struct cv_bytes key,
                                      const struct cv_shard_place *place, bool write);
/** cv_shard_seal(s, key, place, out): append the file, with the head as it is now. */
CV_MUST_CHECK cv_status cv_shard_seal(struct cv_shard *s, struct cv_bytes key,
                                      const struct cv_shard_place *place, struct cv_buf *out);
void cv_shard_close(struct cv_shard *s);

/** cv_shard_field, _kind(s, name, no): its number, given now if it has none; the last one takes all beyond.
 */
CV_MUST_CHECK cv_status cv_shard_field(struct cv_shard *s, const char *name, int64_t *no);
CV_MUST_CHECK cv_status cv_shard_kind(struct cv_shard *s, const char *name, int64_t *no);
/** cv_shard_lose(s, entry, again): remember it. CV_OK; CV_ERR_FORMAT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_shard_lose(struct cv_shard *s, uint64_t entry, bool again);
/** cv_shard_bind_value(q, i, kind, value, id): the i-th value of a statement is that of a mark; ${id} is room
 * for it, to be kept until the statement was run. cv_shard_bind_mark(s, q, kind, value, id): the first two
 * are a kind, which matches nothing if the shard has none of it, and that. */
void cv_shard_bind_value(sqlite3_stmt *q, int i, const char *kind, const char *value,
                         uint8_t id[static CV_SHARD_ID_BYTES]);
void cv_shard_bind_mark(const struct cv_shard *s, sqlite3_stmt *q, const char *kind, const char *value,
                        uint8_t id[static CV_SHARD_ID_BYTES]);

/** cv_shard_rest(s): nothing is asked of it for now: what it holds of its file goes; it is read again. */
void cv_shard_rest(struct cv_shard *s);

/** cv_shard_query(s, q, out): the statement, reset; of the shard. cv_shard_step(s, q): CV_OK with a row,
 * CV_ERR_NOTFOUND at the end (it is reset then); CV_ERR_FORMAT where the shard is damaged; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_shard_query(struct cv_shard *s, enum cv_shard_query q, sqlite3_stmt **out);
CV_MUST_CHECK cv_status cv_shard_step(struct cv_shard *s, enum cv_shard_query q);
/** cv_shard_run(s, q): of a statement without rows. */
CV_MUST_CHECK cv_status cv_shard_run(struct cv_shard *s, enum cv_shard_query q);

#endif
