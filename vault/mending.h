#ifndef CV_VAULT_MENDING_H
#define CV_VAULT_MENDING_H

#include "vault/segment.h"
#include "vault/shelf.h"

/* The directory in which a damaged vault is put together anew, and what is set aside; for repair.c. */
struct cv_mending {
    char path[4096 + 16]; /* VAULT/mending */
    int vault, dir, archive, aside;
    int lock;
    uint32_t last; /* the highest segment in it */
    bool *changed; /* by number, to last: not the vault's own */
    size_t room;
};
#define CV_MENDING_NONE                                                                                      \
    ((struct cv_mending){ .vault = -1, .dir = -1, .archive = -1, .aside = -1, .lock = -1 })

/** cv_mending_open(path, out, err): take the vault's lock; an empty directory. CV_OK; CV_ERR_NOVAULT;
 * CV_ERR_LOCKED; CV_ERR_IO. End with cv_mending_close, which removes the directory. */
CV_MUST_CHECK cv_status cv_mending_open(const char *path, struct cv_mending *out, struct cv_err *err);
void cv_mending_close(struct cv_mending *m);

/** cv_mending_fill(m, shelf, err): every segment: the vault's own, or, where it is not what the backup has
 * (NULL: there is none), the backup's, and what the vault's has behind that. */
CV_MUST_CHECK cv_status cv_mending_fill(struct cv_mending *m, const struct cv_shelf *shelf,
                                        struct cv_err *err);
/** cv_mending_note(m, number, changed): a segment stands in it. CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_mending_note(struct cv_mending *m, uint32_t number, bool changed);
/** cv_mending_holes(m, bad, count, err): after cv_mending_fill: in the place of these entries, which go up,
 * and of all that cannot be found, put what holds it. CV_OK; CV_ERR_LOG where that cannot be. */
CV_MUST_CHECK cv_status cv_mending_holes(struct cv_mending *m, const uint64_t *bad, size_t count,
                                         struct cv_err *err);
/** cv_mending_own_keys(m, err): the vault's release.keys, if there is one. */
CV_MUST_CHECK cv_status cv_mending_own_keys(struct cv_mending *m, struct cv_err *err);
/** cv_mending_keys(m, shelf, vault, slots, gone, err): release keys made anew, so many: the vault's own where
 * it has them, else the newest of the backup's; ${gone} is how many neither has. */
CV_MUST_CHECK cv_status cv_mending_keys(struct cv_mending *m, const struct cv_shelf *shelf, const char *vault,
                                        uint64_t slots, uint64_t *gone, struct cv_err *err);

/** cv_mending_replace(m, name, out, err): a file of the vault ("release.keys", "archive/00000001.tar") gets a
 * second name in set-aside, told in ${out} (empty if there was none), and the one in the directory takes its
 * place; all durably, and at no time is it missing. */
#define CV_ASIDE_BYTES 64
CV_MUST_CHECK cv_status cv_mending_replace(struct cv_mending *m, const char *name,
                                           char out[static CV_ASIDE_BYTES], struct cv_err *err);

#endif
