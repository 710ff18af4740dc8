#ifndef CV_VAULT_SEEN_H
#define CV_VAULT_SEEN_H

#include "vault/record.h"

/**
 * What was imported before. What a record came from (the id that a form gave it, or a digest of its row) is
 * kept beside it as a mark of 16 bytes, in the sealed head under its release key, so that an erasure takes it
 * too:
 *
 *   HMAC-SHA-256(K, type LF source), cut to 16 bytes
 *
 * K is made of the first secrets of all sections that the record gives: only who may read all of it can tell
 * that it is there, and a mark tells no guess to anybody else. Who may not has a K of their own, and so knows
 * again what they themselves brought; and who may not even read heads keeps marks beside the memory of the
 * vault (`<vault id>.imported`), written before the commit that they are of, and counted only if that is
 * whole.
 */
struct cv_seen;

/** cv_seen_open(v, out, err): heads are caught up with first, under their `list` event. CV_OK; CV_ERR_LOCKED:
 * another import of this user's is under way; CV_ERR_IO;
 * CV_ERR_NOMEM; as cv_record_ready. */
CV_MUST_CHECK cv_status cv_seen_open(struct cv_vault *v, struct cv_seen **out, struct cv_err *err);
void cv_seen_close(struct cv_seen *s);

/* The marks of one record. */
struct cv_mark {
    uint8_t own[CV_SOURCE_BYTES], shared[CV_SOURCE_BYTES];
    bool shares, reads_head;
};
/** cv_seen_mark(s, record, source, mark, err): of a record as it came, before its coded fields are filled. */
CV_MUST_CHECK cv_status cv_seen_mark(struct cv_seen *s, const struct cv_json *record, const char *source,
                                     struct cv_mark *mark, struct cv_err *err);
/** cv_seen_known(s, mark, known, err): is there a record that came from the same? */
CV_MUST_CHECK cv_status cv_seen_known(struct cv_seen *s, const struct cv_mark *mark, bool *known,
                                      struct cv_err *err);
/** cv_mark_source(mark): what goes into the head. */
const uint8_t *cv_mark_source(const struct cv_mark *mark);

/** cv_seen_note(s, mark, stored): it stands in the commit under way. cv_seen_keep(s, err): before that
 * commit: what must be remembered of it, durably. cv_seen_done(s, whole): the commit is whole, or was given
 * up. CV_OK; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_seen_note(struct cv_seen *s, const struct cv_mark *mark,
                                     const struct cv_stored *stored);
CV_MUST_CHECK cv_status cv_seen_keep(struct cv_seen *s, struct cv_err *err);
CV_MUST_CHECK cv_status cv_seen_done(struct cv_seen *s, bool whole);

#endif
