#ifndef CV_VAULT_SEEN_H
#define CV_VAULT_SEEN_H

#include "vault/heads.h"

/**
 * What was imported before. What a record came from (the id that a form gave its row, or a digest of the row)
 * is known again by
 *
 *   digest = SHA-256(type LF source "/" n), cut to 16 bytes
 *
 * which stands in the sealed head, under its release key, so that an erasure takes it too, and is hidden
 * there (vault/imported.h) from all who may not read the sections that it hangs on: of a row with a form's
 * id, the first section of the type; else all that the row fills, in whichever record, since who could
 * recognise a row could try guesses at what is in it. So it makes no difference who brought a row, also if
 * they may only write.
 *
 * Who cannot read those sections, or not even heads, knows again what they themselves brought: they keep that
 * beside the memory of the vault (`<vault id>.imported`), written before the commit that it is of, and
 * counted only if that is whole.
 */
struct cv_seen;

/** cv_seen_open(v, out, err): heads are caught up with first, under their `list` event. CV_OK; CV_ERR_LOCKED:
 * another import of this user's is under way; CV_ERR_IO;
 * CV_ERR_NOMEM; as cv_record_ready. */
CV_MUST_CHECK cv_status cv_seen_open(struct cv_vault *v, struct cv_seen **out, struct cv_err *err);
void cv_seen_close(struct cv_seen *s);

/* What a record came from. */
struct cv_brought {
    const char *source; /* of its row */
    size_t nth;         /* of the row's records of that type */
    bool by_id;         /* the source is an id, which tells nothing of what the row says */
    uint64_t file;      /* tells files apart */
    uint64_t sections;  /* that the row fills, whichever of its records: cv_seen_filled of all */
};
/* By what it is known again. */
struct cv_mark {
    struct cv_imported from;      /* for its head */
    uint8_t own[CV_DIGEST_BYTES]; /* for the memory */
    bool reads_head, remembered;
};
/** cv_seen_filled(s, record): the sections of a record as it came that say something, by their place in the
 * template. */
uint64_t cv_seen_filled(const struct cv_seen *s, const struct cv_json *record);
/** cv_seen_mark(s, record, from, mark, err): of a record as it came, before its coded fields are filled. To
 * look it up, its type is enough. */
CV_MUST_CHECK cv_status cv_seen_mark(struct cv_seen *s, const struct cv_json *record,
                                     const struct cv_brought *from, struct cv_mark *mark, struct cv_err *err);
/** cv_seen_known(s, mark, out, err): is there a record that came from the same? */
CV_MUST_CHECK cv_status cv_seen_known(struct cv_seen *s, const struct cv_mark *mark, struct cv_before *out,
                                      struct cv_err *err);

/** cv_seen_begin(s, news, err): cv_vault_begin; what others stored in the meantime is known as well, as far
 * as this member may know it, and none of them can store anything until the commit. ${news}: there was
 * something; what was looked up before may be known by now. CV_ERR_LOCKED: there is no end of it. */
CV_MUST_CHECK cv_status cv_seen_begin(struct cv_seen *s, bool *news, struct cv_err *err);

/** cv_seen_note(s, mark, stored): it stands in the commit under way. cv_seen_keep(s, err): before that
 * commit: what must be remembered of it, durably. cv_seen_done(s, whole): the commit is whole, or was given
 * up. CV_OK; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_seen_note(struct cv_seen *s, const struct cv_mark *mark,
                                     const struct cv_stored *stored);
CV_MUST_CHECK cv_status cv_seen_keep(struct cv_seen *s, struct cv_err *err);
CV_MUST_CHECK cv_status cv_seen_done(struct cv_seen *s, bool whole);

#endif
